"""Whether somebody has signed out of the portal."""

from __future__ import annotations

from sqlalchemy import bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import sign_outs

# Built once: every page asks it, and to build a statement takes longer than to run it.
_IS_SIGNED_OUT = select(exists().where(sign_outs.c.session_id == bindparam("id")))


async def is_signed_out(conn: AsyncConnection, session_id: str) -> bool:
    """Whether a session of the portal was ended."""
    return bool((await conn.execute(_IS_SIGNED_OUT, {"id": session_id})).scalar_one())
