"""How an owed notice is delivered, step by step, in its row of the ledger."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, case, func, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.documents import storable
from db.schema import notices
from domain.notices.ledger import Delivered, NoticeState

UNDER_WAY = "It was on its way when this happened: "
"""Why a notice is sent that was superseded."""

UNKNOWN = Delivered(state=NoticeState.FAILED, reason="The ledger does not know of it.")
"""A notice whose row is gone: the database was restored from an older copy."""

_LONGEST = 1000
"""So much of what the other side answered is kept, in characters."""


async def claim(conn: AsyncConnection, notice_id: str) -> Row[Any] | Delivered:
    """Begins one more attempt at a notice that is owed; of any other, how it has ended."""
    found = await conn.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.state == NoticeState.OWED)
        .values(attempts=notices.c.attempts + 1, attempted_at=func.clock_timestamp())
        .returning(*notices.c)
    )
    claimed = found.one_or_none()
    return claimed if claimed is not None else await _ended(conn, notice_id)


async def note_failure(conn: AsyncConnection, notice_id: str, answer: str) -> Delivered | None:
    """An attempt has failed. None where there may be another; else how the notice has ended."""
    noted = await conn.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.state == NoticeState.OWED)
        .values(answer=kept(answer))
        .returning(notices.c.id)
    )
    return None if noted.one_or_none() is not None else await _ended(conn, notice_id)


async def take_back(conn: AsyncConnection, notice_id: str) -> Delivered | None:
    """An attempt that was begun was not made. None where one may be; else how the notice has ended.

    When it was begun remains: by that the sweep knows that somebody sees to it.
    """
    taken = await conn.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.state == NoticeState.OWED)
        .values(attempts=notices.c.attempts - 1)
        .returning(notices.c.id)
    )
    return None if taken.one_or_none() is not None else await _ended(conn, notice_id)


async def end(
    conn: AsyncConnection, notice_id: str, state: NoticeState, *, answer: str, reason: str | None
) -> Delivered:
    """Ends a notice that is owed; of one that has ended, nothing changes.

    But what was sent is on record as sent, though it was superseded in the meantime.
    """
    superseded = notices.c.state == NoticeState.SUPERSEDED
    of_state = notices.c.state == NoticeState.OWED
    if state is NoticeState.SENT:
        of_state |= superseded
    ended = await conn.execute(
        update(notices)
        .where(notices.c.id == notice_id, of_state)
        .values(
            state=state,
            reason=case(
                (superseded, func.concat(UNDER_WAY, notices.c.reason)),
                else_=null() if reason is None else kept(reason),
            ),
            answer=kept(answer),
            ended_at=func.clock_timestamp(),
        )
        .returning(notices.c.state, notices.c.reason)
    )
    row = ended.one_or_none()
    if row is None:
        return await _ended(conn, notice_id)
    return Delivered(state=NoticeState(row.state), reason=row.reason)


async def _ended(conn: AsyncConnection, notice_id: str) -> Delivered:
    found = await conn.execute(
        select(notices.c.state, notices.c.reason).where(notices.c.id == notice_id)
    )
    row = found.one_or_none()
    return UNKNOWN if row is None else Delivered(state=NoticeState(row.state), reason=row.reason)


def kept(text: str) -> str:
    """What is kept of an answer: its beginning, without what is no character."""
    found: str = storable(text[:_LONGEST])
    return found
