"""What a booking is called where something else refers to it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import bookings


@dataclass(frozen=True, kw_only=True)
class BookingHeading:
    """What a booking is about, and between whom."""

    id: str
    title: str
    provider_id: str
    client_id: str

    def with_client(self, client: str) -> str:
        """The session to its provider and to support: `“Chess” with Carl Ito`."""
        return f"“{self.title or 'A session'}” with {client}"


async def booking_headings(
    conn: AsyncConnection, booking_ids: Collection[str]
) -> dict[str, BookingHeading]:
    """The headings of these bookings by id; those that are not on record are left out."""
    if not booking_ids:
        return {}
    found = await conn.execute(
        select(
            bookings.c.id,
            bookings.c.document["title"].as_string().label("title"),
            bookings.c.provider_id,
            bookings.c.client_id,
        ).where(bookings.c.id.in_(booking_ids))
    )
    return {row.id: BookingHeading(**row._mapping) for row in found}
