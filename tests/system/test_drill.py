"""The drill in short: one fault under load, and one planted defect that the checker must report."""

from __future__ import annotations

import random

import pytest

from dev.trial import trial
from drills.__main__ import drill
from drills.checker.findings import Promise
from drills.mutants import MUTANTS

pytestmark = pytest.mark.long

SEED = 20


async def test_a_killed_worker_costs_nothing_and_a_planted_defect_is_seen() -> None:
    with trial() as stack:
        stack.start_api(WEBHOOK_ALLOW_PRIVATE="1")
        drilled = await drill(
            stack, seed=SEED, faults=["kill-worker"], seconds=0.5, calm=1.5, workers=1
        )
        assert not drilled.findings.broken
        assert drilled.findings.idle(frozenset(Promise)) == []
        assert len(drilled.journal.said) > 10

        mutant = MUTANTS["double-count"]
        planted = await mutant.played(stack, random.Random(SEED))
        assert mutant.promise in planted.broken
