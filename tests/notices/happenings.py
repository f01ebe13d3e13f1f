"""Something of every kind that anybody is told of."""

from __future__ import annotations

from dataclasses import replace

from domain.booking import events as happened
from domain.booking.events import BookingEvent
from domain.booking.state import Booking, Fault, Initiator, Reminder, ReminderKind, State
from domain.lateness import LateKind, judge
from domain.notices.about import About
from domain.notices.kinds import KINDS
from domain.party import Role
from domain.policy import DEFAULT_POLICY
from domain.standing import events as standing_happened
from domain.standing.events import StandingEvent
from domain.standing.state import Case, Cause, Claim, Document, Proof
from tests.domain.examples import FIRST, LATE, OTHER, REQUESTED, SECOND

BOOKING = Booking(
    id="0190-booking",
    topic_id="t",
    provider_id="ada",
    client_id="carl",
    preferred_starts=(FIRST, SECOND),
    duration_minutes=90,
    created_at=REQUESTED,
    decided_at=REQUESTED,
    expires_at=SECOND,
    title="Chess",
    state=State.CONFIRMED,
    scheduled_start=FIRST,
)

_RECEIPT = judge(
    LateKind.CANCELLATION, scheduled_start=FIRST, initiated_at=LATE, policy=DEFAULT_POLICY
)
CANCELLED = happened.BookingCancelled(
    at=LATE,
    reason="The flu",
    initiated_by=Initiator.PROVIDER,
    initiated_at=LATE,
    executed_by=Role.CLIENT,
    fault=Fault.PROVIDER,
    receipt=_RECEIPT,
)
_PROOF = Proof(
    id="proof-1",
    covers=("late-1",),
    statement="The flu.",
    documents=(Document(name="Note", url="https://example.org/note"),),
    submitted_at=LATE,
)

_BOOKING_EVENTS: tuple[BookingEvent, ...] = (
    happened.BookingRequested(at=REQUESTED, booking=BOOKING),
    happened.BookingConfirmed(at=REQUESTED, start=FIRST),
    happened.BookingDeclined(at=REQUESTED, reason="Away", over_scheduling=True),
    happened.BookingExpired(at=REQUESTED),
    CANCELLED,
    happened.BookingRescheduled(
        at=REQUESTED,
        start=OTHER,
        previous_start=FIRST,
        initiated_by=Initiator.PROVIDER,
        initiated_at=REQUESTED,
        fault=Fault.PROVIDER,
    ),
    happened.BookingCompleted(at=FIRST),
    happened.CancellationAsked(at=LATE, reason="The flu", receipt=_RECEIPT),
    happened.RescheduleProposed(
        at=LATE, starts=(SECOND, OTHER), reason="The flu", lapses_at=FIRST, receipt=_RECEIPT
    ),
    happened.RescheduleAccepted(at=LATE, start=OTHER),
    happened.RescheduleDeclined(at=LATE),
    happened.RescheduleLapsed(at=FIRST),
    happened.RescheduleLapsed(at=FIRST, accepted=True),
)
_STANDING_EVENTS: tuple[StandingEvent, ...] = (
    standing_happened.ClaimOpened(
        at=LATE, claim=Claim(id="late-1", booking_id=BOOKING.id, due_at=FIRST)
    ),
    standing_happened.ClaimContested(at=LATE, claim_id="late-1", booking_id=BOOKING.id, note="No."),
    standing_happened.ClaimUpheld(at=LATE, claim_id="late-1", booking_id=BOOKING.id, note=""),
    standing_happened.ClaimDismissed(at=LATE, claim_id="late-1", booking_id=BOOKING.id, note=""),
    standing_happened.StandingWarned(at=LATE, kind=LateKind.CANCELLATION, count=2, allowed=2),
    standing_happened.CaseOpened(
        at=LATE, case=Case(opened_at=LATE, due_at=FIRST, reasons=("3 late cancellations.",))
    ),
    standing_happened.CaseClosed(at=LATE, outcome=standing_happened.CaseOutcome.LIFTED),
    standing_happened.ProofSubmitted(at=LATE, proof=_PROOF),
    standing_happened.ProofAccepted(at=LATE, proof_id="proof-1", note=""),
    standing_happened.ProofRejected(at=LATE, proof_id="proof-1", note="Too late."),
    standing_happened.TopicsSuspended(at=LATE, cause=Cause.CASE, reason="No proof."),
    standing_happened.TopicsReinstated(at=LATE, reason="Settled."),
)


def _reminder(kind: ReminderKind) -> happened.ReminderSent:
    to = (Role.PROVIDER, Role.CLIENT) if kind is ReminderKind.SESSION_STARTS else (Role.PROVIDER,)
    return happened.ReminderSent(
        at=REQUESTED, reminder=Reminder(kind=kind, due_at=REQUESTED, at=REQUESTED, to=to)
    )


def about(event: BookingEvent | StandingEvent, to: Role, booking: Booking = BOOKING) -> About:
    """A notice of an event, to the provider Ada, her client Carl, or support."""
    kind = event.reminder.kind.value if isinstance(event, happened.ReminderSent) else event.type
    if event == CANCELLED:
        booking = replace(booking, state=State.CANCELLED)
    return About(
        kind=kind,
        to=to,
        provider="Ada Brandt",
        client="Carl Ito",
        booking=booking,
        start=booking.scheduled_start,
        event=event,
    )


def everything() -> list[About]:
    """Every kind of notice, to everybody whom it is for."""
    found = [
        about(event, to)
        for event in (*_BOOKING_EVENTS, *_STANDING_EVENTS)
        for to in KINDS[event.type].told
    ]
    for kind in ReminderKind:
        event = _reminder(kind)
        found += [about(event, to) for to in event.reminder.to]
    return found
