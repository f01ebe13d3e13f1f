"""Timelines: every decision, who, when, by which rule, and what came of it."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import decisions, standings
from domain.party import Party, Role
from domain.record import Entry, Subject


async def booking_timeline(
    conn: AsyncConnection, booking_id: str, *, limit: int | None = None, after: int = 0
) -> list[Entry]:
    """The decisions on a booking, oldest first; of the refused ones only the newest are kept.

    All of them, or at most `limit` that come after the line numbered `after`.
    """
    return await _timeline(conn, Subject.BOOKING, booking_id, limit, after)


async def was_carried_out(
    conn: AsyncConnection, booking_id: str, *, command: str, by: Party, command_id: str
) -> bool:
    """Whether somebody's command to a booking is on record as carried out, under its own id."""
    found = await conn.scalar(
        select(
            exists().where(
                decisions.c.subject == Subject.BOOKING,
                decisions.c.subject_id == booking_id,
                decisions.c.by_role == by.role,
                decisions.c.by_id == by.id,
                decisions.c.command == command,
                decisions.c.outcome == "applied",
                decisions.c.data["command_id"].astext == command_id,
            )
        )
    )
    return bool(found)


async def standing_timeline(
    conn: AsyncConnection, provider_id: str, *, limit: int | None = None, after: int = 0
) -> list[Entry]:
    """The decisions on a provider's standing, as those on a booking."""
    return await _timeline(conn, Subject.STANDING, provider_id, limit, after)


async def newest_of_standing(conn: AsyncConnection, provider_id: str, *, limit: int) -> list[Entry]:
    """The newest decisions on a provider's standing, oldest first; a standing has no end."""
    last_left_out = (
        select(decisions.c.seq)
        .where(decisions.c.subject == Subject.STANDING, decisions.c.subject_id == provider_id)
        .order_by(decisions.c.seq.desc())
        .limit(1)
        .offset(limit)
    )
    after = await conn.scalar(last_left_out) or 0
    return await _timeline(conn, Subject.STANDING, provider_id, None, after)


async def refused_in_all(conn: AsyncConnection, provider_id: str) -> int:
    """How many commands a provider's standing has ever refused and put on record."""
    found = await conn.scalar(
        select(standings.c.refused).where(standings.c.provider_id == provider_id)
    )
    return found or 0


async def _timeline(
    conn: AsyncConnection, subject: Subject, subject_id: str, limit: int | None, after: int
) -> list[Entry]:
    found = await conn.execute(
        select(decisions)
        .where(
            decisions.c.subject == subject,
            decisions.c.subject_id == subject_id,
            decisions.c.seq > after,
        )
        .order_by(decisions.c.seq)
        .limit(limit)
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
