"""Cards in the chat: what a booking left there, and how it stands now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.queries.bookings import BookingRow
from db.queries.conversations import MessageRow
from domain.booking.state import Booking, CancellationStatus, RescheduleStatus
from domain.booking.view import allowed_actions
from domain.instants import rfc3339
from domain.party import Party

_TITLES = {
    "booking.requested": "Request",
    "booking.confirmed": "Confirmed",
    "booking.declined": "Declined",
    "booking.expired": "Expired",
    "booking.cancelled": "Cancelled",
    "booking.rescheduled": "New date",
    "booking.completed": "Completed",
    "cancellation.asked": "Please cancel",
    "reschedule.proposed": "Other times proposed",
    "reschedule.accepted": "New time accepted",
    "reschedule.declined": "Proposal declined",
    "reschedule.lapsed": "Proposal lapsed",
}
_ANSWERED_BY = {
    "booking.requested": ("confirm", "decline"),
    "cancellation.asked": ("cancel",),
    "reschedule.proposed": ("answer-reschedule",),
}
"""The commands that answer what a card says, while it still stands."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card as the viewer sees it.

    `data` is what happened, as it was recorded. `booking` is the booking as it is now; None for one
    that is not there any more. `actions` are the viewer's answers to the card that are possible
    now, and `is_open` says whether it still awaits one from anybody.
    """

    title: str
    data: dict[str, Any]
    booking: Booking | None
    is_open: bool
    actions: tuple[str, ...]

    @property
    def type(self) -> str:
        """What happened."""
        found: str = self.data["type"]
        return found


def card_of(message: MessageRow, rows: dict[str, BookingRow], viewer: Party, now: datetime) -> Card:
    """The card of a message that has one."""
    data = message.card or {}
    row = rows.get(data["booking_id"])
    booking = row.booking if row else None
    is_open = booking is not None and _still_stands(data, booking)
    possible = allowed_actions(booking, viewer, now) if booking and is_open else ()
    answers = _ANSWERED_BY.get(data["type"], ())
    title = "Request withdrawn" if data.get("withdrawn") else _TITLES.get(data["type"], "News")
    return Card(
        title=title,
        data=data,
        booking=booking,
        is_open=is_open,
        actions=tuple(action for action in possible if action in answers),
    )


def _still_stands(data: dict[str, Any], booking: Booking) -> bool:
    """Whether what a card asks for has not been answered yet."""
    match data["type"]:
        case "booking.requested":
            return booking.state.value == "pending"
        case "cancellation.asked":
            asked = booking.cancellation
            return bool(asked and not booking.closed and asked.status is CancellationStatus.ASKED)
        case "reschedule.proposed":
            proposal = booking.reschedule
            return bool(
                proposal
                and not booking.closed
                and proposal.status is RescheduleStatus.PROPOSED
                and rfc3339(proposal.initiated_at) == rfc3339(datetime.fromisoformat(data["at"]))
            )
        case _:
            return False
