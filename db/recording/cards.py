"""The cards that a booking leaves in the chat of its two people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from db.documents import Json, booking_event_document
from db.ids import new_id
from db.recording.together import Cards
from domain.booking import events as happened
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.booking.table import OWN_PARTY
from domain.booking.words import describe
from domain.party import SUPPORT_DESK, THE_CLOCK, Party, Role
from domain.record import Entry

# What the two can see of each other's doing anyway; reports and reminders are not for both.
_NO_CARD = (happened.LateEventReported, happened.ReminderSent, happened.ReminderSkipped)
_OF_A_REQUEST = ("title", "preferred_starts", "duration_minutes", "note", "expires_at")


def of_booking(
    booking: Booking, numbered: Iterable[tuple[int, BookingEvent]], entries: Sequence[Entry]
) -> Cards:
    """A card for each event that both people should see in their chat."""
    return Cards(
        provider_id=booking.provider_id,
        client_id=booking.client_id,
        rows=rows_of(booking, numbered, entries),
    )


def rows_of(
    booking: Booking, numbered: Iterable[tuple[int, BookingEvent]], entries: Sequence[Entry]
) -> list[dict[str, Any]]:
    """The cards of a recording, but for the conversation that they are in."""
    author = _author(booking, entries)
    return [
        {
            "id": new_id(),
            "author_role": author.role.value,
            "author_id": author.id,
            "text": describe(event),
            "at": event.at,
            "card": _card(booking, event),
            "source": f"{booking.id}/{seq}",
        }
        for seq, event in numbered
        if not isinstance(event, _NO_CARD)
    ]


def _card(booking: Booking, event: BookingEvent) -> Json:
    data = booking_event_document(event)
    begun = data.pop("booking", None)
    if begun is not None:
        data |= {name: begun[name] for name in _OF_A_REQUEST}
    return {**data, "booking_id": booking.id, "revision": booking.revision}


def _author(booking: Booking, entries: Sequence[Entry]) -> Party:
    """Who is seen to speak: where a service carried it out, the party that it did so for."""
    entry = next((entry for entry in entries if entry.outcome == "applied"), None)
    if entry is None:
        return THE_CLOCK
    if entry.by.role is not Role.SERVICE:
        return entry.by
    role = OWN_PARTY.get(entry.command, Role.CLIENT)
    return Party(role=role, id=booking.party_id(role) or SUPPORT_DESK.id)
