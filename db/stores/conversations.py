"""Writing in the Messages tab."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.announcing import MESSAGE_POSTED, MESSAGE_READ, announce
from db.ids import new_id
from db.queries.conversations import MessageRow
from db.schema import conversation_reads, conversations, messages
from db.stores.people import note_pair
from domain.party import Party, Role

_OF_THE_PAIR = (Role.PROVIDER, Role.CLIENT)


async def find_or_create(
    conn: AsyncConnection, *, provider_id: str, client_id: str, now: datetime
) -> str:
    """The id of the one conversation of a provider and a client, begun if there is none yet."""
    theirs = select(conversations.c.id).where(
        conversations.c.provider_id == provider_id, conversations.c.client_id == client_id
    )
    found: str | None = (await conn.execute(theirs)).scalar_one_or_none()
    if found is not None:
        return found
    begun = new_id()
    await conn.execute(
        insert(conversations)
        .values(
            id=begun, provider_id=provider_id, client_id=client_id, created_at=now, latest=begun
        )
        .on_conflict_do_nothing(index_elements=["provider_id", "client_id"])
    )
    await note_pair(conn, provider_id=provider_id, client_id=client_id)
    # Somebody else may have begun it at the same moment.
    return str((await conn.execute(theirs)).scalar_one())


async def post_message(
    conn: AsyncConnection, *, conversation_id: str, author: Party, text: str, at: datetime
) -> MessageRow:
    """Adds a message to a conversation that exists. Its author has read everything up to it."""
    message = MessageRow(
        id=new_id(), conversation_id=conversation_id, author=author, text=text, at=at, card=None
    )
    await conn.execute(
        insert(messages).values(
            id=message.id,
            conversation_id=conversation_id,
            author_role=author.role.value,
            author_id=author.id,
            text=text,
            at=at,
        )
    )
    noted = await conn.execute(
        update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(
            latest=func.greatest(conversations.c.latest, message.id),
            last_message_at=func.greatest(conversations.c.last_message_at, at),
        )
        .returning(conversations.c.provider_id, conversations.c.client_id)
    )
    pair = noted.one()
    await announce(
        conn,
        type=MESSAGE_POSTED,
        subject="conversation",
        subject_id=conversation_id,
        provider_id=pair.provider_id,
        client_id=pair.client_id,
    )
    # What their other pages show is new with the message.
    await _advance(conn, conversation_id=conversation_id, reader=author, up_to=message.id)
    return message


async def mark_read(
    conn: AsyncConnection, *, conversation_id: str, reader: Party, up_to: str
) -> None:
    """Notes that a person has read a conversation up to a message; never back to an older one.

    Their own other pages are told, whose counts are no longer right.
    """
    has_advanced = await _advance(conn, conversation_id=conversation_id, reader=reader, up_to=up_to)
    # Whoever reads along has no count of what they have not read.
    if has_advanced and reader.role in _OF_THE_PAIR:
        await announce(
            conn,
            type=MESSAGE_READ,
            subject="conversation",
            subject_id=conversation_id,
            provider_id=reader.id if reader.role is Role.PROVIDER else None,
            client_id=reader.id if reader.role is Role.CLIENT else None,
        )


async def _advance(
    conn: AsyncConnection, *, conversation_id: str, reader: Party, up_to: str
) -> bool:
    """Moves a person's mark on; whether it was further back.

    Who has no part in the conversation has no mark: they were erased in the meantime.
    """
    mark = {
        "conversation_id": conversations.c.id,
        "role": literal(reader.role.value),
        "person_id": literal(reader.id),
        "read_up_to": literal(up_to),
    }
    theirs = select(*mark.values()).where(conversations.c.id == conversation_id)
    if reader.role in _OF_THE_PAIR:
        theirs = theirs.where(conversations.c[f"{reader.role.value}_id"] == reader.id)
    # Locked, which waits for an erasure that is under way.
    statement = insert(conversation_reads).from_select(
        list(mark), theirs.with_for_update(key_share=True, read=True)
    )
    moved = await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["conversation_id", "role", "person_id"],
            set_={"read_up_to": statement.excluded.read_up_to},
            where=conversation_reads.c.read_up_to < statement.excluded.read_up_to,
        ).returning(conversation_reads.c.read_up_to)
    )
    return moved.one_or_none() is not None


async def note_message(
    conn: AsyncConnection, *, provider_id: str, client_id: str, message_id: str, at: datetime
) -> str:
    """The id of a pair's conversation, begun if need be, with a message that is about to come.

    One round trip, but for the first card of a pair.
    """
    begun = new_id()
    values: dict[str, Any] = {"latest": message_id, "last_message_at": at}
    statement = insert(conversations).values(
        id=begun, provider_id=provider_id, client_id=client_id, created_at=at, **values
    )
    noted = await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["provider_id", "client_id"],
            set_={
                name: func.greatest(conversations.c[name], statement.excluded[name])
                for name in values
            },
        ).returning(conversations.c.id)
    )
    found = str(noted.scalar_one())
    if found == begun:
        await note_pair(conn, provider_id=provider_id, client_id=client_id)
    return found
