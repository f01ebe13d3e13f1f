"""The sessions of a person's calendar, and whose calendar a private address is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.bookings import BookingRow, read_bookings, row_of
from db.schema import SESSIONS, bookings, calendar_feeds
from domain.party import Party, Role

_OWN = {Role.PROVIDER: bookings.c.provider_id, Role.CLIENT: bookings.c.client_id}


async def owner_of_calendar(conn: AsyncConnection, token_hash: str) -> Party | None:
    """Whose calendar it is, by the hash of its address; None where the address leads nowhere."""
    found = await conn.execute(
        select(calendar_feeds.c.role, calendar_feeds.c.person_id).where(
            calendar_feeds.c.token_hash == token_hash
        )
    )
    row = found.one_or_none()
    return Party(role=Role(row.role), id=row.person_id) if row else None


async def calendar_opened_at(conn: AsyncConnection, owner: Party) -> datetime | None:
    """Since when a person's calendar has had its address; None if it has none."""
    opened: datetime | None = await conn.scalar(
        select(calendar_feeds.c.created_at).where(
            calendar_feeds.c.role == owner.role.value, calendar_feeds.c.person_id == owner.id
        )
    )
    return opened


async def sessions_of(
    conn: AsyncConnection, owner: Party, *, since: datetime, limit: int
) -> list[BookingRow]:
    """The sessions of a provider or a client that end after `since`, the last one first."""
    found = await conn.execute(
        read_bookings()
        .where(_OWN[owner.role] == owner.id, SESSIONS, bookings.c.scheduled_end > since)
        .order_by(bookings.c.scheduled_end.desc(), bookings.c.id)
        .limit(limit)
    )
    return [row_of(row) for row in found]
