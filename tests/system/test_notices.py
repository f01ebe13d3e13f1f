"""Everybody is told, once, of what is so, by servers that fail and a worker that is killed."""

from __future__ import annotations

import pytest

from drills.notices import SHORT_PLAN, run

pytestmark = pytest.mark.long


def test_all_that_is_owed_arrives_and_nothing_of_a_date_that_is_no_more() -> None:
    told = run(SHORT_PLAN, seed=1)
    assert not told.findings.broken
    # Shows that there was something to find.
    assert told.figures["email: sent"] > SHORT_PLAN.bookings
    assert told.figures["email: superseded"] > 0
    assert told.figures["webhook: sent"] > SHORT_PLAN.bookings
    assert told.figures["most attempts at one notice"] > 1
