"""What happened, as live pages follow it: in the order of the feed, the chat included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import and_, bindparam, case, select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.announcing import CHANNEL, OF_THE_API, SIGN_OUTS
from db.engine import connection_options
from db.queries.feed import LAST_PLACE, PUBLIC, place_committed
from db.schema import bookings, conversations, events, standings

REMINDED = "reminder.sent"
TOLD = frozenset({*PUBLIC, *OF_THE_API, REMINDED})
"""The types that people are told of live. The others change nothing that a page shows."""

_CLAIMS = ("claim.opened", "claim.contested", "claim.upheld", "claim.dismissed")
# A claim is part of the provider's standing, and of the booking of the client who made it.
_CLIENT_ID = case(
    (events.c.type.in_(_CLAIMS), bookings.c.client_id),
    else_=events.c.client_id,
)

# Built once: to build a statement takes longer than to run it.
_CHANGES = (
    select(
        events.c.feed_seq.label("place"),
        events.c.type,
        events.c.subject,
        events.c.booking_id,
        case(
            (events.c.subject == "conversation", events.c.subject_id),
            else_=conversations.c.id,
        ).label("conversation_id"),
        events.c.provider_id,
        _CLIENT_ID.label("client_id"),
        case(
            (events.c.subject == "booking", bookings.c.revision),
            (events.c.subject == "standing", standings.c.revision),
        ).label("revision"),
    )
    .outerjoin_from(
        events,
        conversations,
        and_(
            conversations.c.provider_id == events.c.provider_id,
            conversations.c.client_id == events.c.client_id,
        ),
    )
    .outerjoin(bookings, bookings.c.id == events.c.booking_id)
    .outerjoin(standings, standings.c.provider_id == events.c.provider_id)
    .where(events.c.feed_seq > bindparam("after"))
    .order_by(events.c.feed_seq)
    .limit(bindparam("at_most"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """That something happened, and whom it concerns; what exactly, everybody reads for themselves.

    `place` is its place in the feed. `subject` is `booking`, `standing` or `conversation`.
    `conversation_id` is that of its two people, if they have one. `revision` is the booking's or
    the standing's, at least the one that this led to.
    """

    place: int
    type: str
    subject: str
    booking_id: str | None
    conversation_id: str | None
    provider_id: str | None
    client_id: str | None
    revision: int | None


async def newest_place(engine: AsyncEngine) -> int:
    """The last place in the feed that was given to an event so far; 0 if nothing ever happened."""
    async with engine.connect() as conn:
        return int((await conn.execute(LAST_PLACE)).scalar_one())


async def read_changes(engine: AsyncEngine, *, after: int, limit: int) -> list[Change]:
    """What happened after a place, of every type, in order: see `read_feed` for why none is missed.

    Nothing is left out, so that the last one's place says how far the reader has come.
    """
    async with engine.connect() as conn:
        await place_committed(conn)
        found = await conn.execute(_CHANGES, {"after": after, "at_most": limit})
        return [Change(**row._mapping) for row in found]


@asynccontextmanager
async def announcements(
    url: str, *, application_name: str, at_least_every: float
) -> AsyncIterator[AsyncIterator[Collection[str]]]:
    """Says when it is time to read: whenever something was announced, and every so many seconds.

    With it come the sessions of the portal that were ended, by their ids; mostly none. On a
    connection of its own, which no pool takes back and no proxy may share between transactions.
    Raises psycopg.OperationalError when it is lost.
    """
    # What is announced from here on is heard; what was before, the reader has to look for.
    async with await _connected(url, application_name) as conn:
        for channel in (CHANNEL, SIGN_OUTS):
            await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        async with aclosing(_heard(conn, at_least_every)) as heard:
            yield heard


async def _connected(url: str, application_name: str) -> psycopg.AsyncConnection:
    connecting = asyncio.create_task(
        psycopg.AsyncConnection.connect(
            autocommit=True, **connection_options(url, application_name)
        )
    )
    try:
        return await asyncio.shield(connecting)
    except asyncio.CancelledError:
        # Cancelled in the middle, psycopg would leave open what it has opened so far.
        with suppress(psycopg.Error):
            await (await connecting).close()
        raise


async def _heard(
    conn: psycopg.AsyncConnection, at_least_every: float
) -> AsyncGenerator[Collection[str]]:
    while True:
        # What arrives between two waits is kept, and ends the next one at once.
        told = [each async for each in conn.notifies(timeout=at_least_every, stop_after=1)]
        yield {each.payload for each in told if each.channel == SIGN_OUTS}
