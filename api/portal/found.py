"""What the address of a page names, if it is the viewer's to see; else it is not there for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from api.access import booking_of
from api.chat import conversation_of
from api.portal.session import SignedIn
from api.services import Parts
from db.queries.bookings import BookingRow, Intent
from db.queries.conversations import ConversationRow


async def _booking(booking_id: str, viewer: SignedIn, parts: Parts) -> BookingRow | Intent:
    return await booking_of(parts, viewer.party, booking_id)


async def _conversation(conversation_id: str, viewer: SignedIn, parts: Parts) -> ConversationRow:
    async with parts.engine.connect() as conn:
        return await conversation_of(conn, conversation_id, viewer.party)


TheBooking = Annotated[BookingRow | Intent, Depends(_booking)]
"""The booking that the path names; an intent until it is recorded."""

TheConversation = Annotated[ConversationRow, Depends(_conversation)]
"""The conversation that the path names."""


def id_of(found: BookingRow | Intent) -> str:
    """The id of a booking, recorded or not."""
    return found.booking_id if isinstance(found, Intent) else found.booking.id
