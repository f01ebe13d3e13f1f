"""Conversations as the Messages tab reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    func,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import conversation_reads, conversations, messages
from domain.party import Party, Role

_LOOKED_THROUGH_FOR_UNREAD = 200


@dataclass(frozen=True, kw_only=True)
class MessageRow:
    """One message. `card` is what a booking left in the chat; None for a person's own words."""

    id: str
    conversation_id: str
    author: Party
    text: str
    at: datetime
    card: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class ConversationRow:
    """One conversation as one person sees it.

    `unread` counts what others wrote since that person last read it. `cursor` is where a page that
    ends with this conversation is to be continued.
    """

    id: str
    provider_id: str
    client_id: str
    created_at: datetime
    unread: int
    last_message: MessageRow | None
    cursor: str


async def get_conversation(
    conn: AsyncConnection, conversation_id: str, *, viewer: Party
) -> ConversationRow | None:
    """One conversation; None if there is none of this id, or the viewer has no part in it."""
    statement = _read(viewer.role).where(conversations.c.id == conversation_id)
    row = (await conn.execute(statement, {"viewer_id": viewer.id})).one_or_none()
    return _row(row) if row else None


async def list_conversations(
    conn: AsyncConnection, *, viewer: Party, limit: int, after: str | None = None
) -> list[ConversationRow]:
    """A person's conversations, the last active first, from the `cursor` given as `after` on.

    Support and services see all.
    """
    statement = _read(viewer.role).order_by(conversations.c.latest.desc()).limit(limit)
    if after is not None:
        statement = statement.where(conversations.c.latest < after)
    return [_row(row) for row in await conn.execute(statement, {"viewer_id": viewer.id})]


async def find_conversation(
    conn: AsyncConnection, *, provider_id: str, client_id: str
) -> str | None:
    """The id of the one conversation of a provider and a client; None if they have none yet."""
    found = await conn.execute(
        select(conversations.c.id).where(
            conversations.c.provider_id == provider_id, conversations.c.client_id == client_id
        )
    )
    return found.scalar_one_or_none()


async def count_unread(conn: AsyncConnection, viewer: Party) -> int:
    """In how many of a person's conversations there is something that they have not read.

    Only the newest few hundred are looked through: what lies further back was left on purpose.
    """
    found = await conn.execute(_unread(viewer.role), {"viewer_id": viewer.id})
    return int(found.scalar_one())


async def list_messages(
    conn: AsyncConnection, conversation_id: str, *, limit: int, after: str | None = None
) -> list[MessageRow]:
    """A conversation's messages, newest first, from the one before the message `after` on.

    Whether the viewer may read them is the caller's to know, by `get_conversation`.
    """
    statement = (
        select(messages)
        .where(messages.c.conversation_id == conversation_id)
        .order_by(messages.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(messages.c.id < after)
    return [_message(row) for row in await conn.execute(statement)]


# Built once for each role: to build a statement takes longer than to run it.
@cache
def _unread(role: Role) -> Select[int]:
    reads = conversation_reads.alias()
    unread = exists().where(_not_read(role, reads)).correlate(conversations, reads)
    newest = (
        select(unread.label("unread"))
        .outerjoin_from(conversations, reads, _of(role, reads))
        .where(_seen_by(role))
        .order_by(conversations.c.latest.desc())
        .limit(_LOOKED_THROUGH_FOR_UNREAD)
        .subquery()
    )
    return select(func.count()).select_from(newest).where(newest.c.unread)


@cache
def _read(role: Role) -> Select[Any]:
    reads = conversation_reads.alias()
    last = messages.alias("last")
    unread = select(func.count()).where(_not_read(role, reads)).scalar_subquery()
    return (
        select(
            conversations,
            unread.label("unread"),
            *(column.label(f"last_{column.name}") for column in last.c),
        )
        .outerjoin_from(conversations, last, last.c.id == conversations.c.latest)
        .outerjoin(reads, _of(role, reads))
        .where(_seen_by(role))
    )


def _not_read(role: Role, reads: FromClause) -> ColumnElement[bool]:
    """The messages of others in a conversation since the viewer last read it."""
    return and_(
        messages.c.conversation_id == conversations.c.id,
        messages.c.id > func.coalesce(reads.c.read_up_to, ""),
        ~and_(messages.c.author_role == role.value, messages.c.author_id == bindparam("viewer_id")),
    )


def _of(role: Role, reads: FromClause) -> ColumnElement[bool]:
    return and_(
        reads.c.conversation_id == conversations.c.id,
        reads.c.role == role.value,
        reads.c.person_id == bindparam("viewer_id"),
    )


def _seen_by(role: Role) -> ColumnElement[bool]:
    match role:
        case Role.PROVIDER:
            return conversations.c.provider_id == bindparam("viewer_id")
        case Role.CLIENT:
            return conversations.c.client_id == bindparam("viewer_id")
        case _:
            return true()


def _row(row: Any) -> ConversationRow:
    return ConversationRow(
        id=row.id,
        provider_id=row.provider_id,
        client_id=row.client_id,
        created_at=row.created_at,
        unread=row.unread,
        last_message=_message(row, "last_") if row.last_id is not None else None,
        cursor=row.latest,
    )


def _message(row: Any, prefix: str = "") -> MessageRow:
    found = {name.removeprefix(prefix): value for name, value in row._mapping.items()}
    return MessageRow(
        id=found["id"],
        conversation_id=found["conversation_id"],
        author=Party(role=Role(found["author_role"]), id=found["author_id"]),
        text=found["text"],
        at=found["at"],
        card=found["card"],
    )
