"""What happened to a booking, in one sentence that support can read to a caller."""

from __future__ import annotations

from domain.booking import events as happened
from domain.booking.events import BookingEvent
from domain.booking.state import Booking, Fault, ReminderKind
from domain.instants import rfc3339
from domain.lateness import Receipt, margin_in_words

_REMINDED_OF = {
    ReminderKind.ANSWER_HALF_TIME: "half of the time to answer has passed",
    ReminderKind.ANSWER_LAST_CALL: "the time to answer ends soon",
    ReminderKind.LATE_WINDOW_OPENS: "changes will soon count as late",
    ReminderKind.SESSION_STARTS: "the session starts soon",
}


def describe(event: BookingEvent) -> str:  # noqa: PLR0912 - a case an event
    """One event as a sentence. Instants are printed in UTC."""
    match event:
        case happened.BookingRequested(booking=booking):
            return _requested(booking)
        case happened.BookingConfirmed(start=start):
            return f"Confirmed for {rfc3339(start)}."
        case happened.BookingDeclined(over_scheduling=True):
            return "Declined over scheduling: the provider may suggest other times in chat."
        case happened.BookingDeclined():
            return "Declined by the provider."
        case happened.BookingExpired():
            return "Expired: nobody answered in time."
        case happened.BookingCancelled(withdrawn=True):
            return "The request was withdrawn; that never counts."
        case happened.BookingCancelled():
            return f"Cancelled. {_blame(event)}"
        case happened.BookingRescheduled(start=start, previous_start=previous):
            return f"Moved from {rfc3339(previous)} to {rfc3339(start)} by support."
        case happened.BookingCompleted():
            return "Completed: the session's end has passed."
        case happened.CancellationAsked(receipt=receipt):
            return f"The provider asked the client to cancel, {_margin(receipt)}"
        case happened.RescheduleProposed(receipt=receipt, starts=starts):
            times = ", ".join(rfc3339(start) for start in starts)
            return f"The provider proposed {times}, {_margin(receipt)}"
        case happened.RescheduleAccepted(start=start):
            return f"The client accepted {rfc3339(start)}; support amends the date next."
        case happened.RescheduleDeclined():
            return "The client declined the proposed times; the booking stays as it is."
        case happened.RescheduleLapsed(accepted=True):
            return "Support had not entered the time that the client accepted: the date has stayed."
        case happened.RescheduleLapsed():
            return "The proposed times lapsed; the booking stays as it is."
        case happened.LateEventReported(kind=kind, claimed=claimed):
            how = "claimed by the client" if claimed else "recorded"
            return f"A late {kind} is {how}, and reported to the provider's standing."
        case happened.ReminderSent(reminder=reminder):
            told = " and ".join(f"the {role}" for role in reminder.to)
            return f"Reminded {told} that {_REMINDED_OF[reminder.kind]}."
        case happened.ReminderSkipped(reminder=reminder, why=why):
            about = _REMINDED_OF[reminder.kind]
            return f"Skipped the reminder that {about}, due {rfc3339(reminder.due_at)}. {why}"


def _requested(booking: Booking) -> str:
    times = ", ".join(rfc3339(start) for start in booking.preferred_starts)
    return f"Requested for one of {times}; it expires at {rfc3339(booking.expires_at)}."


def _margin(receipt: Receipt) -> str:
    late = "late" if receipt.late else "not late"
    return f"{margin_in_words(receipt.margin_seconds)}: {late}."


def _blame(event: happened.BookingCancelled) -> str:
    match event.fault:
        case Fault.CLIENT:
            return "By the client's own wish: it does not count."
        case Fault.NOBODY:
            return f"Initiated by {event.initiated_by}: it counts against nobody."
        case Fault.CLAIMED | Fault.PROVIDER:
            who = (
                "The client says that the provider initiated it"
                if event.fault is Fault.CLAIMED
                else "The provider initiated it"
            )
            return f"{who}, {_margin(event.receipt)}" if event.receipt else f"{who}."
