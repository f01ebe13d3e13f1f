"""Noting what people have seen in their inbox."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import notices


async def mark_seen(conn: AsyncConnection, ids: Collection[str], *, now: datetime) -> None:
    """Notes that some notices were seen; when they were first stays as it is."""
    if not ids:
        return
    await conn.execute(
        update(notices)
        .where(notices.c.id.in_(ids), notices.c.read_at.is_(None))
        .values(read_at=now)
    )
