"""What clients have asked for: noted before its workflow is started, whoever records it."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.bookings import Intent
from db.schema import booking_intents, topics
from domain.party import Party, Role

_ASKING = 0x61736B73  # "asks"

_WHOSE = func.hashtext(bindparam("asker"))

# One statement, built once, for every booking comes by here. The topic's row is locked last, once
# its reader holds the lock of whoever asks: in this order an erasure takes them too.
_ASKED = select(func.pg_advisory_xact_lock_shared(_ASKING, _WHOSE).label("lock")).cte("asked")
_THEIRS = (
    select(topics.c.provider_id)
    .join_from(topics, _ASKED, true())
    .where(topics.c.id == bindparam("its_topic"))
    .with_for_update(key_share=True, read=True, of=topics)
    .cte("theirs")
)
_COLUMNS = ("booking_id", "provider_id", "client_id", "topic_id", "created_at")
_NOTED = (
    insert(booking_intents)
    .from_select(
        _COLUMNS,
        select(*(bindparam(name, type_=booking_intents.c[name].type) for name in _COLUMNS)).where(
            _THEIRS.c.provider_id == bindparam("provider_id")
        ),
    )
    .on_conflict_do_nothing(index_elements=["booking_id"])
    .cte("noted")
)
_NOTE = (
    select(func.count())
    .select_from(_THEIRS)
    .where(_THEIRS.c.provider_id == bindparam("provider_id"))
    .add_cte(_NOTED)
)
_AWAIT = select(func.pg_advisory_xact_lock(_ASKING, _WHOSE))


async def insert_intent(conn: AsyncConnection, intent: Intent) -> bool:
    """Notes that a booking will come; noting it again changes nothing.

    False, and nothing is noted, where the provider of the topic was erased in the meantime. Whoever
    asks while they are erased themselves comes after that, as somebody new.
    """
    values = {name: getattr(intent, name) for name in _COLUMNS}
    asker = str(Party(role=Role.CLIENT, id=intent.client_id))
    found = await conn.scalar(_NOTE, {**values, "its_topic": intent.topic_id, "asker": asker})
    return found == 1


async def await_requests_of(conn: AsyncConnection, person: Party) -> None:
    """Waits for what a client is just asking for; what they ask then waits for the transaction."""
    await conn.execute(_AWAIT, {"asker": str(person)})
