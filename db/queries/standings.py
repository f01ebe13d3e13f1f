"""Standings as the Standing tab reads them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.documents import standing_from
from db.schema import decisions, events, standings
from domain.record import Subject
from domain.standing.decide import begin
from domain.standing.record import StandingOnRecord
from domain.standing.state import Standing


async def get_standing(conn: AsyncConnection, provider_id: str) -> Standing | None:
    """A provider's standing, or None if nothing was ever decided about it: then it is good."""
    found = await conn.execute(
        select(standings.c.document).where(standings.c.provider_id == provider_id)
    )
    document = found.scalar_one_or_none()
    return standing_from(document) if document is not None else None


async def standing_as_of(conn: AsyncConnection, provider_id: str, now: datetime) -> Standing:
    """Where a provider stands: good, until something late is known of them."""
    return await get_standing(conn, provider_id) or begin(provider_id, now)


async def get_standing_on_record(
    conn: AsyncConnection, provider_id: str
) -> StandingOnRecord | None:
    """All that a standing's workflow has to know to go on where the record ends; None if new."""
    lines = select(func.coalesce(func.max(decisions.c.seq), 0)).where(
        decisions.c.subject == Subject.STANDING, decisions.c.subject_id == provider_id
    )
    numbered = select(func.coalesce(func.max(events.c.seq), 0)).where(
        events.c.subject == Subject.STANDING, events.c.subject_id == provider_id
    )
    found = await conn.execute(
        select(
            standings.c.document,
            standings.c.recording,
            standings.c.refused,
            lines.scalar_subquery().label("lines"),
            numbered.scalar_subquery().label("events"),
        ).where(standings.c.provider_id == provider_id)
    )
    row = found.one_or_none()
    return row and StandingOnRecord(
        standing=standing_from(row.document),
        recordings=row.recording,
        lines=row.lines,
        events=row.events,
        refused=row.refused,
    )
