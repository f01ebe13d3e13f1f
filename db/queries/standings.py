"""Standings as the Standing tab reads them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.documents import standing_from
from db.schema import standings
from domain.standing.state import Standing


async def get_standing(conn: AsyncConnection, provider_id: str) -> Standing | None:
    """A provider's standing, or None if nothing was ever decided about it: then it is good."""
    found = await conn.execute(
        select(standings.c.document).where(standings.c.provider_id == provider_id)
    )
    document = found.scalar_one_or_none()
    return standing_from(document) if document is not None else None
