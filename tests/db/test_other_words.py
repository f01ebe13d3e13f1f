"""What a later version would say in other words does not differ, and stays as it was said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from db.documents import booking_event_document, standing_document, standing_event_document
from db.repair.differences import compare_row
from db.repair.expected import ExpectedRow
from db.schema import events, standings
from domain.booking.events import BookingEvent, CancellationAsked, ReminderSkipped
from domain.booking.state import Reminder, ReminderKind
from domain.lateness import LateKind, judge
from domain.party import Role
from domain.policy import DEFAULT_POLICY
from domain.record import Subject
from domain.standing.events import CaseOpened, ClaimUpheld, StandingEvent, TopicsSuspended
from domain.standing.state import Case, Cause, Standing, Suspension
from tests.db.player import NOW, in_days

CASE = Case(opened_at=NOW, due_at=in_days(7), reasons=("3 late cancellations.",))
SUSPENDED = TopicsSuspended(at=NOW, cause=Cause.CASE, reason="No proof came.")
UPHELD = ClaimUpheld(at=NOW, claim_id="c", booking_id="b", note="Not contested.", uncontested=True)
REMINDER = Reminder(kind=ReminderKind.SESSION_STARTS, due_at=NOW, at=NOW, to=(Role.CLIENT,))
SKIPPED = ReminderSkipped(at=NOW, reminder=REMINDER, why="It was past.")
STANDING = Standing(
    provider_id="ada",
    decided_at=NOW,
    case=CASE,
    suspension=Suspension(since=NOW, cause=Cause.CASE, reason="No proof came."),
)
ASKED = CancellationAsked(
    at=NOW,
    reason="Flu.",
    receipt=judge(
        LateKind.CANCELLATION, scheduled_start=in_days(3), initiated_at=NOW, policy=DEFAULT_POLICY
    ),
)


def _differs(subject: Subject, there: dict[str, Any], wanted: dict[str, Any]) -> bool:
    expected = ExpectedRow(
        table=events,
        name="event 1",
        key={"seq": 1, "refusal_seq": None},
        values={"subject": subject, "data": wanted},
        besides={},
    )
    return compare_row(expected, {"subject": subject, "data": there}) is not None


def _of_booking(there: BookingEvent, wanted: BookingEvent) -> bool:
    documents = booking_event_document(there), booking_event_document(wanted)
    return _differs(Subject.BOOKING, *documents)


@pytest.mark.parametrize(
    ("said", "would_say"),
    [
        (CaseOpened(at=NOW, case=CASE), CaseOpened(at=NOW, case=replace(CASE, reasons=("So.",)))),
        (SUSPENDED, replace(SUSPENDED, reason="Without proof.")),
        (UPHELD, replace(UPHELD, note="Nobody objected.")),
    ],
)
def test_other_words_of_ours_are_no_difference(
    said: StandingEvent, would_say: StandingEvent
) -> None:
    documents = standing_event_document(said), standing_event_document(would_say)
    assert not _differs(Subject.STANDING, *documents)


def test_why_a_reminder_was_skipped_may_be_said_otherwise() -> None:
    assert not _of_booking(SKIPPED, replace(SKIPPED, why="Its time had come and gone."))
    assert _of_booking(SKIPPED, replace(SKIPPED, at=in_days(1)))


def test_what_people_wrote_is_what_they_wrote() -> None:
    assert _of_booking(ASKED, replace(ASKED, reason="Fever."))
    by_support = replace(SUSPENDED, cause=Cause.SUPPORT)
    documents = map(standing_event_document, (by_support, replace(by_support, reason="Fraud.")))
    assert _differs(Subject.STANDING, *documents)


def test_a_standing_may_say_the_same_in_other_words() -> None:
    def differs(other: Standing) -> bool:
        expected = ExpectedRow(
            table=standings,
            name="the standing",
            key={"provider_id": "ada"},
            values={"document": standing_document(other)},
            besides={},
        )
        return compare_row(expected, {"document": standing_document(STANDING)}) is not None

    suspended = Suspension(since=NOW, cause=Cause.CASE, reason="Without proof.")
    in_other_words = replace(CASE, reasons=("So.",))
    assert not differs(replace(STANDING, case=in_other_words, suspension=suspended))
    assert differs(replace(STANDING, case=replace(CASE, due_at=in_days(8))))
    assert differs(replace(STANDING, suspension=replace(suspended, since=in_days(1))))
