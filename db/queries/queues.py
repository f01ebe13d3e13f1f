"""What waits for support, the most urgent first. Each queue is short, and has an index of its own.

A queue is read up to a limit; support works it off from the front.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import TextClause, func, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from db.documents import booking_from, standing_from
from db.schema import CLAIMS_TO_SETTLE, PROOFS_TO_REVIEW, bookings, standings
from domain.booking.state import Booking
from domain.standing.state import Standing, Status

_HELD = bookings.c.held.is_not(None)
_CASE_OPEN = standings.c.status == Status.CASE_OPEN.value
_CONTESTED = text("""document::jsonb @? '$.claims.* ? (@.status == "contested")'""")
_DUE_AT = standings.c.document["case"]["due_at"].as_string()


async def reschedules_to_approve(conn: AsyncConnection, *, limit: int) -> list[Booking]:
    """Bookings whose client has accepted a new date, the next session first."""
    found = await conn.scalars(
        select(bookings.c.document)
        .where(_HELD)
        .order_by(bookings.c.scheduled_start, bookings.c.id)
        .limit(limit)
    )
    return [booking_from(document) for document in found]


async def standings_with_proofs(conn: AsyncConnection, *, limit: int) -> list[Standing]:
    """The standings to which proofs were brought that nobody has reviewed."""
    return await _longest_unchanged(conn, PROOFS_TO_REVIEW, limit)


async def standings_with_claims(conn: AsyncConnection, *, limit: int) -> list[Standing]:
    """The standings with claims that are neither upheld nor dismissed."""
    return await _longest_unchanged(conn, CLAIMS_TO_SETTLE, limit)


async def cases_due(conn: AsyncConnection, *, before: datetime, limit: int) -> list[Standing]:
    """The standings whose case ends in suspension before an instant, the soonest first."""
    found = await conn.scalars(
        select(standings.c.document).where(_CASE_OPEN).order_by(_DUE_AT).limit(limit)
    )
    cases = map(standing_from, found)
    return [each for each in cases if each.case and each.case.due_at < before]


async def count_waiting(conn: AsyncConnection) -> int:
    """How many bookings and standings wait for support; a claim does so once it is contested."""
    waiting = union_all(
        select(func.count().label("number")).select_from(bookings).where(_HELD),
        select(func.count()).select_from(standings).where(PROOFS_TO_REVIEW),
        select(func.count()).select_from(standings).where(CLAIMS_TO_SETTLE, _CONTESTED),
    ).subquery()
    return int((await conn.execute(select(func.sum(waiting.c.number)))).scalar_one())


async def _longest_unchanged(
    conn: AsyncConnection, which: TextClause, limit: int
) -> list[Standing]:
    found = await conn.scalars(
        select(standings.c.document)
        .where(which)
        .order_by(standings.c.updated_at, standings.c.provider_id)
        .limit(limit)
    )
    return [standing_from(document) for document in found]
