"""What is done to topics, in the transaction of whoever asks for it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import require_id, sees
from api.idempotency import Answered
from api.models.topic import Listing, NewTopic, TopicChange
from api.problems import malformed_field, not_found
from api.services import clock
from api.views import topic_view
from db.queries.topics import TopicRow, get_topic
from db.stores.topics import insert_topic, update_topic
from domain.party import Party


async def add(
    conn: AsyncConnection, topic_id: str, wanted: NewTopic, *, provider_id: str
) -> Answered:
    """Adds a topic to what a provider offers: 201 with it. Raises 422 for who was erased."""
    await insert_topic(
        conn,
        topic_id=topic_id,
        provider_id=provider_id,
        title=wanted.title,
        description=wanted.description,
        duration_minutes=wanted.duration_minutes,
        now=clock(),
    )
    topic = await existing(conn, topic_id)
    if topic.is_nobodys:
        raise malformed_field("provider_id", "names somebody who was erased")
    return Answered(status=201, body=topic_view(topic))


async def change(
    conn: AsyncConnection, topic_id: str, wanted: TopicChange, *, caller: Party
) -> Answered:
    """Changes what is named of a topic, the caller's: 200 with it as it is then.

    Bookings keep the title and the length that they were made with. Raises 422 for putting a topic
    back on the list whose provider was erased, and 404 to that provider.
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
    # Read after it is written, which waits for an erasure that is under way.
    topic = await existing(conn, topic_id)
    if not sees(caller, provider_id=topic.provider_id):
        raise not_found("There is no topic of this id any more.")
    if topic.listed and topic.is_nobodys:
        raise malformed_field("status", "its provider was erased, so it cannot be listed")
    return Answered(status=200, body=topic_view(topic))


async def existing(conn: AsyncConnection, topic_id: str) -> TopicRow:
    """The topic of an id that somebody gives. Raises the problem 404."""
    topic = await get_topic(conn, require_id(topic_id))
    if topic is None:
        raise not_found("There is no topic of this id.")
    return topic
