"""Talking: one conversation for each client and provider, and how much one person may say in it."""

from __future__ import annotations

import math
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import require_id
from api.body import Json, parse
from api.idempotency import Answered, Effect
from api.models.conversation import NewMessage
from api.problems import ProblemError, not_found
from api.services import clock
from api.views import conversation_view, message_view
from db.queries.conversations import ConversationRow, get_conversation
from db.stores.allowances import AT_ONCE, spend
from db.stores.conversations import find_or_create, post_message
from domain.party import Party

TOO_MANY = "too-many-messages"


async def conversation_of(
    conn: AsyncConnection, conversation_id: str, caller: Party
) -> ConversationRow:
    """A conversation that the caller has a part in, or sees as support. Raises the problem 404."""
    row = await get_conversation(conn, require_id(conversation_id), viewer=caller)
    if row is None:
        raise not_found("There is no conversation of this id, or it is somebody else's.")
    return row


def beginning(*, provider_id: str, client_id: str, caller: Party) -> Effect:
    """What `written_once` carries out to find or begin the conversation of two people."""

    async def begin(conn: AsyncConnection, _: str) -> Answered:
        now = clock()
        found = await find_or_create(conn, provider_id=provider_id, client_id=client_id, now=now)
        row = await conversation_of(conn, found, caller)
        return Answered(status=201 if row.created_at == now else 200, body=conversation_view(row))

    return begin


def saying(conversation_id: str, body: Json, caller: Party) -> Effect:
    """What `written_once` carries out to say something in a conversation that the caller sees.

    Raises the problem 422 for what is no message, 429 for too many of them, and 404 to whoever was
    erased in the meantime.
    """
    wanted = parse(NewMessage, body)

    async def say(conn: AsyncConnection, _: str) -> Answered:
        now = clock()
        again_at = await spend(conn, caller, now=now)
        if again_at is not None:
            raise _too_many(again_at - now)
        message = await post_message(
            conn, conversation_id=conversation_id, author=caller, text=wanted.text, at=now
        )
        # Asked once it is written, which waits for an erasure: what they say after it would stay.
        await conversation_of(conn, conversation_id, caller)
        return Answered(status=201, body=message_view(message))

    return say


def _too_many(wait: timedelta) -> ProblemError:
    seconds = max(math.ceil(wait.total_seconds()), 1)
    plural = "" if seconds == 1 else "s"
    return ProblemError(
        429,
        TOO_MANY,
        f"One person can send {AT_ONCE} messages a minute. Go on in {seconds} second{plural}.",
        headers={"Retry-After": str(seconds)},
    )
