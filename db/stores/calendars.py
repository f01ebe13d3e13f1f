"""Opening and closing the private address of a person's calendar."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import calendar_feeds
from domain.party import Party


async def open_calendar(
    conn: AsyncConnection, owner: Party, *, token_hash: str, now: datetime
) -> None:
    """Gives a person's calendar an address. The one that it had before leads nowhere any more."""
    new = {"token_hash": token_hash, "created_at": now}
    await conn.execute(
        insert(calendar_feeds)
        .values(role=owner.role.value, person_id=owner.id, **new)
        .on_conflict_do_update(index_elements=["role", "person_id"], set_=new)
    )


async def close_calendar(conn: AsyncConnection, owner: Party) -> bool:
    """Takes the address of a person's calendar away; False if it had none."""
    gone = await conn.execute(
        delete(calendar_feeds)
        .where(calendar_feeds.c.role == owner.role.value, calendar_feeds.c.person_id == owner.id)
        .returning(calendar_feeds.c.person_id)
    )
    return gone.one_or_none() is not None
