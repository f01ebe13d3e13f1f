"""Counts over everything there is, for the operators' measurements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import FAILED, OWED, bookings, notices
from domain.booking.state import OPEN
from domain.notices.ledger import Channel, NoticeState


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """What one channel has yet to deliver: how much, and since when the oldest of it is due."""

    count: int
    oldest_due_at: datetime


async def open_bookings(conn: AsyncConnection) -> dict[str, int]:
    """How many bookings there are in each open state. Counted in an index."""
    found = await conn.execute(
        select(bookings.c.state, func.count().label("number"))
        .where(bookings.c.state.in_(sorted(OPEN)))
        .group_by(bookings.c.state)
    )
    counts = {row.state: row.number for row in found}
    return {state.value: counts.get(state.value, 0) for state in sorted(OPEN)}


async def owed_notices(conn: AsyncConnection) -> dict[str, Backlog]:
    """What each channel owes; nothing of one that owes nothing. Counted in an index."""
    found = await conn.execute(
        select(
            notices.c.channel,
            func.count().label("number"),
            func.min(notices.c.due_at).label("oldest"),
        )
        .where(OWED)
        .group_by(notices.c.channel)
    )
    return {row.channel: Backlog(count=row.number, oldest_due_at=row.oldest) for row in found}


async def failed_notices(conn: AsyncConnection) -> dict[str, int]:
    """How many notices of each channel could not be delivered. Counted in an index."""
    found = await conn.execute(
        select(notices.c.channel, func.count().label("number"))
        .where(FAILED)
        .group_by(notices.c.channel)
    )
    counts = {row.channel: row.number for row in found}
    return {channel.value: counts.get(channel.value, 0) for channel in Channel}


async def ledger(conn: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many notices there are by channel and state. Reads the whole ledger: ask rarely."""
    found = await conn.execute(
        select(notices.c.channel, notices.c.state, func.count().label("number")).group_by(
            notices.c.channel, notices.c.state
        )
    )
    counts = {(row.channel, row.state): row.number for row in found}
    return {
        (channel.value, state.value): counts.get((channel.value, state.value), 0)
        for channel in Channel
        for state in NoticeState
    }
