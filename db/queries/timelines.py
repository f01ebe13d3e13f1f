"""Timelines: every decision, who, when, by which rule, and what came of it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import decisions
from domain.party import Party, Role
from domain.record import Entry


async def booking_timeline(conn: AsyncConnection, booking_id: str) -> list[Entry]:
    """Every decision on a booking, oldest first; of the refused ones only the newest are kept."""
    return await _timeline(conn, "booking", booking_id)


async def standing_timeline(conn: AsyncConnection, provider_id: str) -> list[Entry]:
    """Every decision on a provider's standing, oldest first; of the refused ones the newest."""
    return await _timeline(conn, "standing", provider_id)


async def _timeline(conn: AsyncConnection, subject: str, subject_id: str) -> list[Entry]:
    found = await conn.execute(
        select(decisions)
        .where(decisions.c.subject == subject, decisions.c.subject_id == subject_id)
        .order_by(decisions.c.seq)
    )
    return [
        Entry(
            seq=row.seq,
            given_at=row.given_at,
            handled_at=row.handled_at,
            by=Party(role=Role(row.by_role), id=row.by_id),
            command=row.command,
            outcome=row.outcome,
            code=row.code,
            rule=row.rule,
            text=row.text,
            data=row.data,
        )
        for row in found
    ]
