"""Which of several waiting commands is decided first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.booking.commands import AskCancel, BookingCommand
from domain.policy import CLOCK_TOLERANCE
from domain.refusal import Code, refuse
from workflows import inbox
from workflows.inbox import Arrived, Inbox

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)


def _taken(*given: datetime | None, due: datetime | None = None) -> list[int]:
    """In which order commands are taken that came in this one, each with the `at` it says."""
    waiting: Inbox[BookingCommand] = Inbox()
    for number, at in enumerate(given):
        waiting.put(Arrived(name=str(number), content=AskCancel(reason="Ill.", at=at)))
    taken = [int(waiting.take(NOW, due).name) for _ in given]
    assert not waiting
    return taken


def test_what_was_given_well_before_is_decided_first_and_the_rest_as_it_came() -> None:
    assert _taken(None, YESTERDAY + timedelta(hours=1), YESTERDAY, None) == [2, 1, 0, 3]


def test_clocks_that_differ_put_nothing_out_of_order() -> None:
    assert _taken(NOW, NOW - CLOCK_TOLERANCE, NOW - timedelta(minutes=1)) == [0, 1, 2]
    assert _taken(None, NOW - CLOCK_TOLERANCE) == [0, 1]
    assert _taken(NOW + timedelta(minutes=14), NOW - timedelta(minutes=2)) == [0, 1]


def test_what_was_given_before_a_deadline_goes_before_what_was_given_after_it() -> None:
    due, moments = NOW - timedelta(minutes=1), timedelta(minutes=2)
    assert _taken(None, NOW - moments, NOW - 2 * moments, due=due) == [1, 2, 0]
    assert _taken(due, due - timedelta(microseconds=1), due=due) == [1, 0]
    assert _taken(NOW, due, due=due) == [0, 1]
    assert _taken(NOW, NOW - moments, due=NOW + moments) == [0, 1]


def test_of_thousands_that_wait_each_is_not_compared_with_all_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = 0

    def counting(*given: Any) -> bool:
        nonlocal compared
        compared += 1
        return goes_before(*given)

    goes_before = inbox._goes_before
    monkeypatch.setattr(inbox, "_goes_before", counting)
    each_second = [YESTERDAY + timedelta(seconds=second) for second in range(1000)]
    assert _taken(*each_second) == list(range(1000))
    assert _taken(*[None] * 1000) == list(range(1000))
    assert compared == 1000


def test_whatever_the_calendar_holds_can_be_put_in_order() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert _taken(first, None, last) == [0, 1, 2]
    assert _taken(last, None, first) == [2, 0, 1]


def test_what_is_further_apart_than_clocks_may_be_is_put_in_order() -> None:
    earlier = NOW - CLOCK_TOLERANCE - timedelta(microseconds=1)
    assert _taken(NOW, earlier) == [1, 0]
    assert _taken(None, earlier) == [1, 0]


def test_what_cannot_be_read_waits_its_turn() -> None:
    waiting: Inbox[BookingCommand] = Inbox()
    waiting.put(Arrived(name="malformed", content=refuse(Code.MALFORMED)))
    waiting.put(Arrived(name="just now", content=AskCancel(reason="Ill.", at=NOW)))
    waiting.put(Arrived(name="long ago", content=AskCancel(reason="Ill.", at=YESTERDAY)))
    assert [waiting.take(NOW).name for _ in range(3)] == ["long ago", "malformed", "just now"]
