"""Deleting what the API has kept for its own use for long enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Delete, delete, exists, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from db.schema import booking_intents, bookings, idempotency_keys, sign_outs

_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class Purged:
    """How many rows were deleted."""

    idempotency_keys: int
    booking_intents: int
    sign_outs: int


async def purge(engine: AsyncEngine, *, before: datetime, at_once: int = _AT_ONCE) -> Purged:
    """Deletes idempotency keys and sign-outs older than `before`, and creations that are done with.

    A creation is done with when its booking is recorded; one that is not recorded by then will
    never be. Of a session that was signed out by then no cookie works any more, which takes a day
    at most. Each transaction deletes no more than `at_once` rows and waits for nobody, so that
    several processes may purge at the same time, and writers notice nothing of it.
    """
    return Purged(
        idempotency_keys=await _delete(engine, _keys(before, at_once), at_once),
        booking_intents=await _delete(engine, _intents(before, at_once), at_once),
        sign_outs=await _delete(engine, _sign_outs(before, at_once), at_once),
    )


async def _delete(engine: AsyncEngine, statement: Delete, at_once: int) -> int:
    deleted = 0
    while True:
        async with engine.begin() as conn:
            found = (await conn.execute(statement)).rowcount
        deleted += found
        if found < at_once:
            return deleted


def _keys(before: datetime, at_once: int) -> Delete:
    key = tuple_(idempotency_keys.c.owner_role, idempotency_keys.c.owner_id, idempotency_keys.c.key)
    old = (
        select(idempotency_keys.c.owner_role, idempotency_keys.c.owner_id, idempotency_keys.c.key)
        .where(idempotency_keys.c.created_at < before)
        .limit(at_once)
        .with_for_update(skip_locked=True)
    )
    return delete(idempotency_keys).where(key.in_(old))


def _intents(before: datetime, at_once: int) -> Delete:
    recorded = exists().where(bookings.c.id == booking_intents.c.booking_id)
    done_with = (
        select(booking_intents.c.booking_id)
        .where(or_(recorded, booking_intents.c.created_at < before))
        .limit(at_once)
        .with_for_update(skip_locked=True)
    )
    return delete(booking_intents).where(booking_intents.c.booking_id.in_(done_with))


def _sign_outs(before: datetime, at_once: int) -> Delete:
    old = (
        select(sign_outs.c.session_id)
        .where(sign_outs.c.at < before)
        .limit(at_once)
        .with_for_update(skip_locked=True)
    )
    return delete(sign_outs).where(sign_outs.c.session_id.in_(old))
