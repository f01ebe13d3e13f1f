"""Writing what the two agreed on directly: the link, the materials, a note."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.announcing import LOGISTICS_CHANGED, announce
from db.queries.bookings import Logistics
from db.schema import bookings


async def set_logistics(conn: AsyncConnection, booking_id: str, logistics: Logistics) -> bool:
    """Replaces the logistics of a booking; False if there is none of this id."""
    done = await conn.execute(
        update(bookings)
        .where(bookings.c.id == booking_id)
        .values(
            conference_url=logistics.conference_url,
            materials=logistics.materials,
            logistics_note=logistics.note,
        )
        .returning(bookings.c.provider_id, bookings.c.client_id)
    )
    pair = done.one_or_none()
    if pair is None:
        return False
    await announce(
        conn,
        type=LOGISTICS_CHANGED,
        subject="booking",
        subject_id=booking_id,
        provider_id=pair.provider_id,
        client_id=pair.client_id,
        booking_id=booking_id,
    )
    return True
