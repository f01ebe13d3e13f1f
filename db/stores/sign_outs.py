"""Ending a session of the portal, wherever its cookie is."""

from __future__ import annotations

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.announcing import SIGN_OUTS
from db.schema import sign_outs


async def note_sign_out(conn: AsyncConnection, session_id: str) -> None:
    """Ends a session for good, and tells every process, whose streams of it end."""
    await conn.execute(
        insert(sign_outs)
        .values(session_id=session_id)
        .on_conflict_do_nothing()
        .returning(func.pg_notify(SIGN_OUTS, sign_outs.c.session_id))
    )
