"""What was sent about a booking, or is still owed, by every channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.ledger import is_for, recipient_of
from db.schema import notices
from domain.notices.ledger import Channel, NoticeState
from domain.party import Party, Role

MOST = 200
"""Of more notices than that, pages and answers show only the newest."""


@dataclass(frozen=True, kw_only=True)
class SentRow:
    """A notice as the ledger has it. `ended_at` is None while it is owed."""

    id: str
    to: Party
    kind: str
    channel: Channel
    state: NoticeState
    reason: str | None
    attempts: int
    due_at: datetime
    ended_at: datetime | None


async def notices_of_booking(
    conn: AsyncConnection, booking_id: str, *, seen_by: Party, most: int | None = MOST
) -> list[SentRow]:
    """The notices about a booking that a person may see, oldest first.

    A provider and a client see their own; support and services see all. Of more than `most`, the
    newest.
    """
    # The inbox has a notice from the moment in which it is written.
    ended_at = case(
        (notices.c.state == NoticeState.OWED, None),
        else_=func.coalesce(notices.c.ended_at, notices.c.created_at),
    )
    statement = select(notices, ended_at.label("over_at")).where(notices.c.booking_id == booking_id)
    if seen_by.role in (Role.PROVIDER, Role.CLIENT):
        statement = statement.where(is_for(seen_by))
    found = await conn.execute(statement.order_by(notices.c.id.desc()).limit(most))
    return [
        SentRow(
            id=row.id,
            to=recipient_of(row),
            kind=row.kind,
            channel=Channel(row.channel),
            state=NoticeState(row.state),
            reason=row.reason,
            attempts=row.attempts,
            due_at=row.due_at,
            ended_at=row.over_at,
        )
        for row in reversed(found.all())
    ]
