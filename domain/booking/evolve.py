"""How each event changes a booking. No rule is judged here: what happened, happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from domain.booking import events as happened
from domain.booking.deadlines import session_reminders
from domain.booking.events import Beside, BookingEvent
from domain.booking.initiative import holds_counted_proposal
from domain.booking.state import (
    Booking,
    Cancellation,
    CancellationStatus,
    Fault,
    Initiator,
    Reschedule,
    RescheduleStatus,
    State,
)


def begin(events: Iterable[BookingEvent]) -> Booking:
    """A booking from its events, of which the first is its request. Raises ValueError otherwise."""
    requested, *others = events
    if not isinstance(requested, happened.BookingRequested):
        raise ValueError("a booking that begins in the middle")
    return evolve_all(requested.booking, others)


def evolve(booking: Booking, event: BookingEvent) -> Booking:
    """The booking after one more event."""
    if isinstance(event, Beside):
        return _beside(booking, event)
    moved = replace(
        booking,
        revision=booking.revision + 1,
        decided_at=max(booking.decided_at, event.at),
    )
    match event:
        case happened.BookingConfirmed(start=start):
            return replace(
                moved,
                state=State.CONFIRMED,
                scheduled_start=start,
                reminders=session_reminders(booking, start),
            )
        case happened.BookingDeclined():
            return _close(moved, State.DECLINED)
        case happened.BookingExpired():
            return _close(moved, State.EXPIRED)
        case happened.BookingCompleted():
            return _close(moved, State.COMPLETED)
        case happened.BookingCancelled():
            return replace(_close(moved, State.CANCELLED), cancellation=_cancelled(event))
        case happened.CancellationAsked():
            return replace(moved, cancellation=_asked(booking, event))
        case happened.BookingRescheduled(start=start):
            # An ask to cancel was about the old date: with a new one it has lost its object.
            return replace(
                moved,
                scheduled_start=start,
                amendments=booking.amendments + 1,
                reschedule=None,
                cancellation=None,
                reminders=session_reminders(booking, start),
            )
        case happened.RescheduleProposed():
            return replace(moved, reschedule=_proposed(event))
        case happened.RescheduleAccepted(start=start) if booking.reschedule:
            accepted = replace(
                booking.reschedule, status=RescheduleStatus.ACCEPTED, accepted_start=start
            )
            return replace(moved, reschedule=accepted)
        case happened.RescheduleDeclined() | happened.RescheduleLapsed():
            return replace(moved, reschedule=None)
        case _:
            raise ValueError(f"{event.type} cannot happen to a {booking.state} booking")


def evolve_all(booking: Booking, events: Iterable[BookingEvent]) -> Booking:
    """The booking after several more events."""
    for event in events:
        booking = evolve(booking, event)
    return booking


def _beside(booking: Booking, event: Beside) -> Booking:
    if isinstance(event, happened.LateEventReported):
        return booking
    left = tuple(reminder for reminder in booking.reminders if reminder != event.reminder)
    return replace(booking, reminders=left)


def _close(booking: Booking, state: State) -> Booking:
    return replace(booking, state=state, reminders=(), reschedule=None)


def _cancelled(event: happened.BookingCancelled) -> Cancellation:
    return Cancellation(
        status=CancellationStatus.DONE,
        initiated_by=event.initiated_by,
        initiated_at=event.initiated_at,
        executed_by=event.executed_by,
        fault=event.fault,
        claimed=event.fault is Fault.CLAIMED,
        reason=event.reason,
        late=bool(event.receipt and event.receipt.late),
        receipt=event.receipt,
    )


def _asked(booking: Booking, event: happened.CancellationAsked) -> Cancellation:
    return Cancellation(
        status=CancellationStatus.ASKED,
        initiated_by=Initiator.PROVIDER,
        initiated_at=event.at,
        reason=event.reason,
        late=event.receipt.late,
        receipt=event.receipt,
        counted_already=holds_counted_proposal(booking),
    )


def _proposed(event: happened.RescheduleProposed) -> Reschedule:
    return Reschedule(
        status=RescheduleStatus.PROPOSED,
        initiated_by=Initiator.PROVIDER,
        initiated_at=event.at,
        starts=event.starts,
        reason=event.reason,
        lapses_at=event.lapses_at,
        receipt=event.receipt,
    )
