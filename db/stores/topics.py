"""Writing topics."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.ids import new_id
from db.schema import topics
from db.stores.people import note_provider


async def insert_topic(
    conn: AsyncConnection,
    *,
    provider_id: str,
    title: str,
    description: str,
    duration_minutes: int,
    now: datetime,
    listed: bool = True,
    topic_id: str | None = None,
) -> str:
    """Adds a topic and answers its id: `topic_id`, where one was put by, or a new one.

    Adding the same id again changes nothing.
    """
    topic_id = topic_id or new_id()
    await conn.execute(
        insert(topics)
        .values(
            id=topic_id,
            provider_id=provider_id,
            title=title,
            description=description,
            duration_minutes=duration_minutes,
            listed=listed,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["id"])
    )
    await note_provider(conn, provider_id)
    return topic_id


async def update_topic(
    conn: AsyncConnection,
    topic_id: str,
    *,
    now: datetime,
    title: str | None = None,
    description: str | None = None,
    duration_minutes: int | None = None,
    listed: bool | None = None,
) -> bool:
    """Changes what is given of a topic; False if there is none of this id."""
    given = {
        "title": title,
        "description": description,
        "duration_minutes": duration_minutes,
        "listed": listed,
    }
    changed = {name: value for name, value in given.items() if value is not None}
    done = await conn.execute(
        update(topics)
        .where(topics.c.id == topic_id)
        .values(**changed, updated_at=now)
        .returning(topics.c.id)
    )
    return done.one_or_none() is not None
