"""Whom a booking has had told, and what of it was late: for whoever has to explain it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import late_events, notices
from domain.party import Party, Role


@dataclass(frozen=True, kw_only=True)
class NoticeLine:
    """One line of the ledger of notices."""

    recipient: Party
    kind: str
    channel: str
    due_at: datetime
    state: str
    reason: str | None
    attempts: int


async def notices_of_booking(conn: AsyncConnection, booking_id: str) -> list[NoticeLine]:
    """All that was owed to anybody about a booking, in the order in which it was."""
    found = await conn.execute(
        select(notices).where(notices.c.booking_id == booking_id).order_by(notices.c.id)
    )
    return [
        NoticeLine(
            recipient=Party(role=Role(row.recipient_role), id=row.recipient_id),
            kind=row.kind,
            channel=row.channel,
            due_at=row.due_at,
            state=row.state,
            reason=row.reason,
            attempts=row.attempts,
        )
        for row in found
    ]


async def late_event_ids(conn: AsyncConnection, booking_id: str) -> list[str]:
    """The late events that a booking has reported, as they came."""
    found = await conn.scalars(
        select(late_events.c.id)
        .where(late_events.c.booking_id == booking_id)
        .order_by(late_events.c.reported_at, late_events.c.id)
    )
    return list(found)
