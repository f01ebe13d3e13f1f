"""What clients have asked for: noted before its workflow is started, whoever records it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.bookings import Intent
from db.schema import booking_intents, topics
from domain.party import Party, Role

_ASKING = 0x61736B73  # "asks"


async def insert_intent(conn: AsyncConnection, intent: Intent) -> bool:
    """Notes that a booking will come; noting it again changes nothing.

    False, and nothing is noted, where the provider of the topic was erased in the meantime. Whoever
    asks while they are erased themselves comes after that, as somebody new.
    """
    client = Party(role=Role.CLIENT, id=intent.client_id)
    await conn.execute(select(func.pg_advisory_xact_lock_shared(_ASKING, _who(client))))
    theirs = await conn.scalar(
        select(topics.c.provider_id)
        .where(topics.c.id == intent.topic_id)
        .with_for_update(key_share=True, read=True)
    )
    if theirs != intent.provider_id:
        return False
    await conn.execute(
        insert(booking_intents)
        .values(
            booking_id=intent.booking_id,
            provider_id=intent.provider_id,
            client_id=intent.client_id,
            topic_id=intent.topic_id,
            created_at=intent.created_at,
        )
        .on_conflict_do_nothing(index_elements=["booking_id"])
    )
    return True


async def await_requests_of(conn: AsyncConnection, person: Party) -> None:
    """Waits for what a client is just asking for; what they ask then waits for the transaction."""
    await conn.execute(select(func.pg_advisory_xact_lock(_ASKING, _who(person))))


def _who(person: Party) -> ColumnElement[int]:
    return func.hashtext(f"{person.role}/{person.id}")
