"""Whom somebody should be keeping deadlines for: open bookings, and providers with a standing."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import bookings, standings
from domain.booking.state import OPEN


async def open_bookings(conn: AsyncConnection, *, limit: int, after: str = "") -> list[str]:
    """The ids of bookings that are open by the record, in their order, from after one on."""
    states = [state.value for state in OPEN]
    found = await conn.scalars(
        select(bookings.c.id)
        .where(bookings.c.state.in_(states), bookings.c.id > after)
        .order_by(bookings.c.id)
        .limit(limit)
    )
    return list(found)


async def providers_with_standing(
    conn: AsyncConnection, *, limit: int, after: str = ""
) -> list[str]:
    """The ids of providers who have a standing on record, in their order, from after one on."""
    found = await conn.scalars(
        select(standings.c.provider_id)
        .where(standings.c.provider_id > after)
        .order_by(standings.c.provider_id)
        .limit(limit)
    )
    return list(found)
