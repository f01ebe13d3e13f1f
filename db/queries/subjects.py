"""Whom somebody should be keeping deadlines for: open bookings, and providers with a standing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import bookings, standings
from domain.booking.state import OPEN


async def open_bookings(conn: AsyncConnection, *, limit: int, after: str = "") -> list[str]:
    """The ids of bookings that are open by the record, in their order, from after one on."""
    return list(await conn.scalars(open_statement(limit=limit, after=after)))


def open_statement(*, limit: int, after: str = "") -> Select[Any]:
    """What `open_bookings` asks; apart from it, so that its plan can be looked at."""
    # Those of one state are in order in an index. Asked for both at once, all would be gone through
    # that have ended, of which there are many more.
    of_each = (
        select(bookings.c.id)
        .where(bookings.c.state == state.value, bookings.c.id > after)
        .order_by(bookings.c.id)
        .limit(limit)
        for state in sorted(OPEN)
    )
    found = union_all(*of_each).subquery("open")
    return select(found.c.id).order_by(found.c.id).limit(limit)


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
