"""How much one person may post: a steady rate, with some at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import message_allowances as spent
from domain.party import Party

AT_ONCE = 20
"""So many messages may come at once."""

REFILL = timedelta(minutes=1) / AT_ONCE
"""One more may come each time this has passed: as many a minute as at once."""


async def spend(conn: AsyncConnection, person: Party, *, now: datetime) -> datetime | None:
    """Takes one message off a person's allowance; if none is left, says when the next one is.

    Each message weighs on the person for the time of its refill, one after the other, and they may
    go on while no more than a minute's worth weighs on them. So one row and one statement count
    alike for all processes of the API, and two messages at once are counted one after the other.
    """
    since = func.greatest(spent.c.spent_until, now)
    statement = insert(spent).values(
        role=person.role.value, person_id=person.id, spent_until=now + REFILL
    )
    taken = await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["role", "person_id"],
            set_={"spent_until": since + REFILL},
            where=since + REFILL <= now + AT_ONCE * REFILL,
        ).returning(spent.c.spent_until)
    )
    if taken.one_or_none() is not None:
        return None
    weighs = await conn.execute(
        select(spent.c.spent_until).where(
            spent.c.role == person.role.value, spent.c.person_id == person.id
        )
    )
    until: datetime = weighs.scalar_one()
    return until - (AT_ONCE - 1) * REFILL
