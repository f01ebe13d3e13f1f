"""How old the oldest event is that could not be written down."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from temporalio.exceptions import ApplicationError

from activities.unrecorded import FORGOTTEN_AFTER, Unrecorded

DECIDED = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = DECIDED + timedelta(minutes=1)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def fail(unrecorded: Unrecorded, record: str, decided_at: datetime, error: Exception) -> None:
    with suppress(type(error)), unrecorded.attempt(record, decided_at):
        raise error


def test_nothing_waits() -> None:
    assert Unrecorded().oldest_age(LATER) == timedelta()


def test_what_is_being_written_waits_and_what_is_written_does_not() -> None:
    unrecorded = Unrecorded()
    with unrecorded.attempt("booking/1/1", DECIDED):
        assert unrecorded.oldest_age(LATER) == timedelta(minutes=1)
    assert unrecorded.oldest_age(LATER) == timedelta()


def test_what_failed_waits_for_the_next_attempt() -> None:
    unrecorded = Unrecorded()
    fail(unrecorded, "booking/1/1", DECIDED, OSError("no database"))
    fail(unrecorded, "booking/2/1", LATER, OSError("no database"))
    assert unrecorded.oldest_age(LATER) == timedelta(minutes=1)
    with unrecorded.attempt("booking/1/1", DECIDED):
        pass
    assert unrecorded.oldest_age(LATER + timedelta(seconds=5)) == timedelta(seconds=5)


def test_what_is_refused_for_good_waits_no_more() -> None:
    unrecorded = Unrecorded()
    fail(unrecorded, "booking/1/1", DECIDED, ApplicationError("no topic", non_retryable=True))
    assert unrecorded.oldest_age(LATER) == timedelta()


def test_what_another_worker_has_taken_over_is_forgotten() -> None:
    clock = Clock()
    unrecorded = Unrecorded(clock)
    fail(unrecorded, "booking/1/1", DECIDED, OSError("no database"))
    clock.at = FORGOTTEN_AFTER.total_seconds() + 1
    assert unrecorded.oldest_age(LATER) == timedelta()


def test_an_attempt_that_hangs_is_not_forgotten() -> None:
    clock = Clock()
    unrecorded = Unrecorded(clock)
    with unrecorded.attempt("booking/1/1", DECIDED):
        clock.at = 10 * FORGOTTEN_AFTER.total_seconds()
        assert unrecorded.oldest_age(LATER) == timedelta(minutes=1)
