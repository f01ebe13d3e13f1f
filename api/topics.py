"""What is done to topics, in the transaction of whoever asks for it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import require_id
from api.idempotency import Answered
from api.models.topic import Listing, NewTopic, TopicChange
from api.problems import not_found
from api.services import clock
from api.views import topic_view
from db.queries.topics import TopicRow, get_topic
from db.stores.topics import insert_topic, update_topic


async def add(
    conn: AsyncConnection, topic_id: str, wanted: NewTopic, *, provider_id: str
) -> Answered:
    """Adds a topic to what a provider offers: 201 with it."""
    await insert_topic(
        conn,
        topic_id=topic_id,
        provider_id=provider_id,
        title=wanted.title,
        description=wanted.description,
        duration_minutes=wanted.duration_minutes,
        now=clock(),
    )
    return Answered(status=201, body=topic_view(await existing(conn, topic_id)))


async def change(conn: AsyncConnection, topic_id: str, wanted: TopicChange) -> Answered:
    """Changes what is named of a topic: 200 with it as it is then.

    Bookings keep the title and the length that they were made with.
    """
    await update_topic(
        conn,
        topic_id,
        now=clock(),
        title=wanted.title,
        description=wanted.description,
        duration_minutes=wanted.duration_minutes,
        listed=None if wanted.status is None else wanted.status is Listing.LISTED,
    )
    return Answered(status=200, body=topic_view(await existing(conn, topic_id)))


async def existing(conn: AsyncConnection, topic_id: str) -> TopicRow:
    """The topic of an id that somebody gives. Raises the problem 404."""
    topic = await get_topic(conn, require_id(topic_id))
    if topic is None:
        raise not_found("There is no topic of this id.")
    return topic
