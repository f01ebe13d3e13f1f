"""What the API keeps for its own use is deleted when it is old, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries.bookings import Intent
from db.queries.sign_outs import is_signed_out
from db.schema import booking_intents, bookings, idempotency_keys, sign_outs
from db.stores.idempotency import Claim, claim
from db.stores.intents import insert_intent
from db.stores.purging import Purged, purge
from db.stores.sign_outs import note_sign_out
from domain.party import Party, Role
from tests.db.player import requested

CARL = Party(role=Role.CLIENT, id="carl")
NOW = datetime.now(UTC)
WEEK_AGO = NOW - timedelta(days=7)


async def _claimed(engine: AsyncEngine, key: str, *, at: datetime) -> Claim:
    async with engine.begin() as conn:
        found = await claim(conn, owner=CARL, key=key, fingerprint="f", subject_id=key)
        await conn.execute(
            update(idempotency_keys).where(idempotency_keys.c.key == key).values(created_at=at)
        )
    return found.claim


async def _intend(engine: AsyncEngine, booking_id: str, topic_id: str, *, at: datetime) -> None:
    async with engine.begin() as conn:
        await insert_intent(
            conn,
            Intent(
                booking_id=booking_id,
                provider_id="ada",
                client_id="carl",
                topic_id=topic_id,
                created_at=at,
            ),
        )


async def _left(engine: AsyncEngine) -> tuple[set[str], set[str]]:
    async with engine.connect() as conn:
        keys = set(await conn.scalars(select(idempotency_keys.c.key)))
        return keys, set(await conn.scalars(select(booking_intents.c.booking_id)))


async def test_old_keys_and_creations_that_are_done_with_are_deleted(engine: AsyncEngine) -> None:
    for number in range(5):
        await _claimed(engine, f"old-{number}", at=WEEK_AGO - timedelta(minutes=number + 1))
    await _claimed(engine, "young", at=WEEK_AGO + timedelta(minutes=1))
    booking = (await requested(engine)).booking
    await _intend(engine, booking.id, booking.topic_id, at=NOW)
    await _intend(engine, "waits", booking.topic_id, at=NOW)
    await _intend(engine, "lost", booking.topic_id, at=WEEK_AGO - timedelta(minutes=1))
    # Fewer at once than there are: it goes on until nothing is left.
    purged = await purge(engine, before=WEEK_AGO, at_once=2)
    assert purged == Purged(idempotency_keys=5, booking_intents=2, sign_outs=0)
    assert await _left(engine) == ({"young"}, {"waits"})
    async with engine.connect() as conn:
        assert list(await conn.scalars(select(bookings.c.id))) == [booking.id]
    assert await purge(engine, before=WEEK_AGO) == Purged(
        idempotency_keys=0, booking_intents=0, sign_outs=0
    )
    assert await _claimed(engine, "old-1", at=NOW) is Claim.NEW
    assert await _claimed(engine, "young", at=NOW) is Claim.SAME


async def test_a_session_that_was_ended_is_forgotten_once_no_cookie_of_it_works(
    engine: AsyncEngine,
) -> None:
    async with engine.begin() as conn:
        for session_id in ("old", "young", "young"):
            await note_sign_out(conn, session_id)
        old = sign_outs.c.session_id == "old"
        await conn.execute(update(sign_outs).where(old).values(at=WEEK_AGO - timedelta(minutes=1)))
    assert (await purge(engine, before=WEEK_AGO)).sign_outs == 1
    async with engine.connect() as conn:
        found = {each: await is_signed_out(conn, each) for each in ("old", "young", "another")}
    assert found == {"old": False, "young": True, "another": False}


async def test_nobody_waits_for_whoever_holds_a_row(engine: AsyncEngine) -> None:
    await _claimed(engine, "held", at=WEEK_AGO - timedelta(days=1))
    await _claimed(engine, "free", at=WEEK_AGO - timedelta(days=1))
    async with engine.begin() as conn:
        await conn.execute(text("SELECT 1 FROM idempotency_keys WHERE key = 'held' FOR UPDATE"))
        assert (await purge(engine, before=WEEK_AGO)).idempotency_keys == 1
    assert await _left(engine) == ({"held"}, set())
