"""The feed: everything that happened, in one order that never changes afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from sqlalchemy import bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.schema import events

PUBLIC = (
    "booking.requested",
    "booking.confirmed",
    "booking.declined",
    "booking.expired",
    "booking.cancelled",
    "booking.rescheduled",
    "booking.completed",
    "cancellation.asked",
    "reschedule.proposed",
    "reschedule.accepted",
    "reschedule.declined",
    "reschedule.lapsed",
    "late-event.recorded",
    "late-event.excused",
    "claim.opened",
    "claim.contested",
    "claim.upheld",
    "claim.dismissed",
    "standing.warned",
    "case.opened",
    "case.closed",
    "proof.submitted",
    "proof.accepted",
    "proof.rejected",
    "topics.suspended",
    "topics.reinstated",
    "command.refused",
)
"""The types that other services are promised. All others are our own, and may change."""

_LOCK = 0x66656564  # "feed"
_NUMBERED_AT_ONCE = 5000

# Built once: to build a statement takes longer than to run it.
_ANY_WAITS = select(exists().where(events.c.feed_seq.is_(None)))
_ONE_AT_A_TIME = select(func.pg_advisory_xact_lock(_LOCK))
_LAST = select(func.coalesce(func.max(events.c.feed_seq), 0)).scalar_subquery()
_WAITING = (
    select(events.c.id)
    .where(events.c.feed_seq.is_(None))
    .order_by(events.c.id)
    .limit(_NUMBERED_AT_ONCE)
    .subquery()
)
_PLACES = select(
    _WAITING.c.id, (_LAST + func.row_number().over(order_by=_WAITING.c.id)).label("place")
).subquery()
_PLACED = update(events).where(events.c.id == _PLACES.c.id).values(feed_seq=_PLACES.c.place)
_MARKED = select(events.c.seq, events.c.type, events.c.occurred_at, events.c.booking_id).where(
    events.c.feed_seq == bindparam("place")
)
LAST_PLACE = select(_LAST)
"""Asks for the last place that was given to an event so far; 0 if nothing ever happened."""


@dataclass(frozen=True, kw_only=True)
class FeedItem:
    """One thing that happened. `id` is its place in the feed, and where to go on reading.

    `seq` numbers the events of one booking or one standing, those that are not public included;
    None for a refused command, which is no event of theirs: its `data` is its line in the timeline.
    """

    id: int
    seq: int | None
    type: str
    occurred_at: datetime
    booking_id: str | None
    provider_id: str | None
    client_id: str | None
    data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Bookmark:
    """How far somebody has read: a place in the feed, and a mark of the event they found there.

    A database that was restored from an older copy gives the places after it once more, to other
    events: by the mark they are told apart. It is None where only the place is known.
    """

    place: int = 0
    mark: int | None = None

    @classmethod
    def at(cls, item: FeedItem) -> Bookmark:
        """The bookmark of whoever has read up to an event, and that event too."""
        return cls(
            place=item.id, mark=_mark(item.seq, item.type, item.occurred_at, item.booking_id)
        )


async def is_kept(engine: AsyncEngine, bookmark: Bookmark) -> bool:
    """Whether the feed goes on where somebody has read to: not if it has lost that place since."""
    if not bookmark.place:
        return True
    async with engine.connect() as conn:
        found = (await conn.execute(_MARKED, {"place": bookmark.place})).one_or_none()
        if found is not None:
            return bookmark.mark in (None, _mark(*found))
        # Taken away by a repair, if others came after it.
        return bookmark.place < int((await conn.execute(LAST_PLACE)).scalar_one())


def _mark(seq: int | None, kind: str, occurred_at: datetime, booking_id: str | None) -> int:
    # Of what an erasure leaves as it is.
    told = f"{seq} {kind} {occurred_at.astimezone(UTC).isoformat()} {booking_id}"
    return crc32(told.encode())


async def read_feed(engine: AsyncEngine, *, after: int = 0, limit: int) -> list[FeedItem]:
    """What happened after the place `after`, in order: going on from the last misses nothing.

    Writers commit in any order, so a number that they gave themselves could appear after a higher
    one has been read. Readers give the places out instead, one reader at a time and to committed
    events alone. Writers never wait for that. The events of one booking keep their order, because
    each was written after the one before it had been committed.
    """
    async with engine.connect() as conn:
        await place_committed(conn)
        found = await conn.execute(
            select(
                events.c.feed_seq.label("id"),
                events.c.seq,
                events.c.type,
                events.c.occurred_at,
                events.c.booking_id,
                events.c.provider_id,
                events.c.client_id,
                events.c.data,
            )
            .where(events.c.feed_seq > after, events.c.type.in_(PUBLIC))
            .order_by(events.c.feed_seq)
            .limit(limit)
        )
        return [FeedItem(**row._mapping) for row in found]


async def place_committed(conn: AsyncConnection) -> None:
    """Gives the events that are visible now their places, up to a number that is done quickly.

    Commits, for the places are everybody's, and others wait to give the next ones.
    """
    if (await conn.execute(_ANY_WAITS)).scalar_one():
        await _place(conn)
    await conn.commit()


async def _place(conn: AsyncConnection) -> None:
    await conn.execute(_ONE_AT_A_TIME)
    # A statement of its own: it must see what was placed by whoever had the lock before.
    await conn.execute(_PLACED)
