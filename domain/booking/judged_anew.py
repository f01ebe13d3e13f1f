"""What of a booking would have been late under other rules, from what happened to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from domain.booking import events as happened
from domain.booking.events import Beside, BookingEvent, LateEventReported
from domain.booking.evolve import evolve
from domain.booking.initiative import holds_counted_proposal, standing_ask
from domain.booking.late_event_ids import cancellation_event_id, reschedule_event_id
from domain.booking.state import Booking, Fault
from domain.lateness import LateKind, Receipt, judge
from domain.policy import Policy


def late_acts(events: Iterable[BookingEvent], draft: Policy) -> tuple[LateEventReported, ...]:
    """What a booking would have reported to its provider's standing under a draft of the rules.

    `events` are all its events, from the request on. Only the length of the late window makes a
    difference; who initiated what, and when, stays as it is on record. Each incident still counts
    once: a cancellation that ends a late proposal has been counted with it. Raises ValueError where
    the events are not those of a whole booking.
    """
    booking: Booking | None = None
    found: list[LateEventReported] = []
    for event in events:
        if isinstance(event, happened.BookingRequested):
            booking = event.booking
            continue
        if isinstance(event, Beside):
            continue
        if booking is None:
            raise ValueError("a booking that begins in the middle")
        under_draft = _judged_anew(event, draft)
        report = _report(booking, under_draft, draft)
        if report is not None:
            found.append(report)
        booking = evolve(booking, under_draft)
    return tuple(found)


def _judged_anew(event: BookingEvent, draft: Policy) -> BookingEvent:
    match event:
        case happened.RescheduleProposed(receipt=receipt):
            return replace(event, receipt=_anew(receipt, draft))
        case happened.CancellationAsked(receipt=receipt):
            return replace(event, receipt=_anew(receipt, draft))
        case _:
            return event


def _report(booking: Booking, event: BookingEvent, draft: Policy) -> LateEventReported | None:
    match event:
        case happened.RescheduleProposed(receipt=receipt):
            return _reported(event, reschedule_event_id(booking), receipt)
        case happened.BookingRescheduled(receipt=Receipt() as receipt):
            # With a proposal on record, that was when it counted or did not.
            if booking.reschedule is not None:
                return None
            return _reported(event, reschedule_event_id(booking), _anew(receipt, draft))
        case happened.BookingCancelled(receipt=Receipt() as receipt):
            anew = _of_cancellation(booking, event.fault, receipt, draft)
            claimed = event.fault is Fault.CLAIMED
            if anew is None:
                return None
            return _reported(event, cancellation_event_id(booking), anew, claimed=claimed)
        case _:
            return None


def _of_cancellation(
    booking: Booking, fault: Fault, recorded: Receipt, draft: Policy
) -> Receipt | None:
    """How late a cancellation was under the draft; None where it was counted as a reschedule."""
    if holds_counted_proposal(booking):
        return None
    asked = standing_ask(booking)
    if fault is Fault.CLAIMED or recorded.kind is LateKind.CANCELLATION:
        if asked and asked.counted_already and recorded.initiated_at == asked.initiated_at:
            return None
        return _anew(recorded, draft)
    # It was laid to a proposal. Where that is not late, an ask from before it is what counts.
    if asked is None or asked.counted_already:
        return None
    return judge(
        LateKind.CANCELLATION,
        scheduled_start=recorded.scheduled_start,
        initiated_at=asked.initiated_at,
        policy=draft,
    )


def _anew(receipt: Receipt, draft: Policy) -> Receipt:
    return judge(
        receipt.kind,
        scheduled_start=receipt.scheduled_start,
        initiated_at=receipt.initiated_at,
        policy=draft,
    )


def _reported(
    event: happened.RescheduleProposed | happened.BookingRescheduled | happened.BookingCancelled,
    event_id: str,
    receipt: Receipt,
    *,
    claimed: bool = False,
) -> LateEventReported | None:
    if not receipt.late:
        return None
    return LateEventReported(
        at=event.at,
        id=event_id,
        kind=receipt.kind,
        scheduled_start=receipt.scheduled_start,
        initiated_at=receipt.initiated_at,
        late_within_seconds=receipt.late_within_seconds,
        claimed=claimed,
    )
