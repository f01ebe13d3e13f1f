"""What clients have asked for: noted before its workflow is started, whoever records it."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.bookings import Intent
from db.schema import booking_intents


async def insert_intent(conn: AsyncConnection, intent: Intent) -> None:
    """Notes that a booking will come; noting it again changes nothing."""
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
