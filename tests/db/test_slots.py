"""A provider holds no two confirmed bookings that overlap, whatever races."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.queries.bookings import get_booking
from db.recording import record_booking
from db.schema import NO_OVERLAP, bookings
from domain.booking import commands as do
from domain.booking.record import Recorded
from domain.booking.state import State
from domain.instants import rfc3339
from domain.refusal import Code
from tests.db.player import HOUR, SOON, SUPPORT, PlayedBooking, in_days, new_topic, requested


async def _confirmed(engine: AsyncEngine, day: float, *, provider_id: str = "ada") -> PlayedBooking:
    played = await requested(engine, in_days(day), provider_id=provider_id)
    assert await played.give(do.Confirm(start=in_days(day)), played.provider) == Recorded()
    return played


def _free(recorded: Recorded) -> tuple[str, ...] | None:
    assert recorded.refusal is not None
    assert recorded.refusal.code is Code.SLOT_TAKEN
    return recorded.refusal.free_starts


async def test_a_taken_time_is_refused_with_the_times_still_free(engine: AsyncEngine) -> None:
    await _confirmed(engine, 10)
    await _confirmed(engine, 12)
    half_hour = HOUR / 2
    played = await requested(
        engine, in_days(10) + half_hour, in_days(11), in_days(12) - half_hour, in_days(12) + HOUR
    )
    confirm = do.Confirm(start=in_days(10) + half_hour)
    recorded = await played.give(confirm, played.provider)
    assert _free(recorded) == (rfc3339(in_days(11)), rfc3339(in_days(12) + HOUR))
    async with engine.connect() as conn:
        row = await get_booking(conn, played.booking.id)
    assert row is not None
    assert row.booking.state is State.PENDING
    # Asked again, the database answers the same, though the time has become free by now.
    async with engine.begin() as conn:
        await conn.execute(text("UPDATE bookings SET state = 'cancelled', during = NULL"))
    assert await record_booking(engine, played.records[-1], within=SOON) == recorded
    # And a new attempt is judged anew.
    assert await played.give(confirm, played.provider) == Recorded()


async def test_a_time_that_has_passed_meanwhile_is_not_offered(engine: AsyncEngine) -> None:
    await _confirmed(engine, 10)
    # The command was given days ago and is handled now; a line's `handled_at` is the start of all.
    played = await requested(engine, in_days(-1), in_days(10), in_days(11))
    assert _free(await played.give(do.Confirm(start=in_days(10)), played.provider)) == (
        rfc3339(in_days(11)),
    )


async def test_sessions_may_follow_each_other_at_once(engine: AsyncEngine) -> None:
    await _confirmed(engine, 10)
    for start in (in_days(10) + HOUR, in_days(10) - HOUR):
        played = await requested(engine, start)
        assert await played.give(do.Confirm(start=start), played.provider) == Recorded()


async def test_another_providers_time_is_their_own(engine: AsyncEngine) -> None:
    await _confirmed(engine, 10)
    await _confirmed(engine, 10, provider_id="bea")


async def test_an_accepted_date_is_held_until_support_enters_it(engine: AsyncEngine) -> None:
    moving = await _confirmed(engine, 10)
    propose = do.ProposeReschedule(starts=(in_days(14),), reason="Flu.")
    await moving.give(propose, moving.provider)
    await moving.give(do.AnswerReschedule(accept=True), moving.client)
    # Both dates are taken now, the old one and the new one.
    other = await requested(engine, in_days(10), in_days(14), in_days(15))
    for start in (in_days(10), in_days(14)):
        recorded = await other.give(do.Confirm(start=start), other.provider)
        assert _free(recorded) == (rfc3339(in_days(15)),)
    await moving.give(do.ApproveReschedule(start=in_days(14)), SUPPORT)
    assert await other.give(do.Confirm(start=in_days(10)), other.provider) == Recorded()


async def test_an_accepted_date_must_be_free(engine: AsyncEngine) -> None:
    await _confirmed(engine, 14)
    moving = await _confirmed(engine, 10)
    starts = (in_days(14), in_days(15))
    await moving.give(do.ProposeReschedule(starts=starts, reason="Flu."), moving.provider)
    answer = do.AnswerReschedule(accept=True, start=in_days(14))
    assert _free(await moving.give(answer, moving.client)) == (rfc3339(in_days(15)),)
    approve = do.ApproveReschedule(start=in_days(14) + HOUR / 2)
    assert _free(await moving.give(approve, SUPPORT)) == (rfc3339(in_days(15)),)


async def test_a_cancelled_session_gives_its_time_back(engine: AsyncEngine) -> None:
    played = await _confirmed(engine, 10)
    await played.give(do.Cancel(reason="Ill."), played.client)
    await _confirmed(engine, 10)


async def test_of_confirmations_that_race_one_wins(engine: AsyncEngine) -> None:
    topic_id = await new_topic(engine, "ada")
    for day in range(1, 26):
        starts = [in_days(day) + timedelta(minutes=15) * step for step in range(4)]
        racing = [
            await requested(engine, start, in_days(day) + 8 * HOUR, topic_id=topic_id)
            for start in starts
        ]
        answers = await asyncio.gather(
            *(
                played.give(do.Confirm(start=start), played.provider)
                for played, start in zip(racing, starts, strict=True)
            )
        )
        refused = [recorded for recorded in answers if recorded.refusal]
        assert len(refused) == 3
        assert {_free(recorded) for recorded in refused} == {(rfc3339(in_days(day) + 8 * HOUR),)}


async def test_of_an_accepted_date_and_a_confirmation_that_race_one_wins(
    engine: AsyncEngine,
) -> None:
    topic_id = await new_topic(engine, "ada")
    for day in range(1, 21):
        contested, old = in_days(100 + day), in_days(day)
        moving = await requested(engine, old, topic_id=topic_id)
        await moving.give(do.Confirm(start=old), moving.provider)
        propose = do.ProposeReschedule(starts=(contested,), reason="Flu.")
        await moving.give(propose, moving.provider)
        other = await requested(engine, contested, topic_id=topic_id)
        # No constraint guards a held date: only that both ask for the provider's time in turn.
        answers = await asyncio.gather(
            moving.give(do.AnswerReschedule(accept=True), moving.client),
            other.give(do.Confirm(start=contested), other.provider),
        )
        assert [recorded.refusal is None for recorded in answers].count(True) == 1


async def _unchecked(conn: AsyncConnection, like: PlayedBooking) -> None:
    """A session in the same slot, written by somebody who does not ask whether it is free."""
    source = select(bookings).where(bookings.c.id == like.booking.id)
    row = dict((await conn.execute(source)).one()._mapping)
    start = like.booking.preferred_starts[0]
    row |= {
        "id": f"{like.booking.id}-unchecked",
        "state": "confirmed",
        "during": Range(start, start + HOUR, bounds="[)"),
    }
    await conn.execute(insert(bookings).values(row))


async def test_the_constraint_alone_stops_an_overlap(engine: AsyncEngine) -> None:
    played = await _confirmed(engine, 10)
    async with engine.connect() as conn:
        with pytest.raises(IntegrityError, match=NO_OVERLAP):
            await _unchecked(conn, played)


async def _somebody_waits(engine: AsyncEngine) -> None:
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(SOON.total_seconds()), engine.connect() as conn:
        while not await conn.scalar(query):
            # What a transaction has seen of this view stays as it was.
            await conn.rollback()


async def test_what_the_constraint_stops_is_answered_as_taken(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(10), in_days(11))

    async with engine.connect() as conn:
        # Not committed yet, it cannot be seen by the check, and only the constraint waits for it.
        await _unchecked(conn, played)
        confirm = do.Confirm(start=in_days(10))
        giving = asyncio.create_task(played.give(confirm, played.provider))
        await _somebody_waits(engine)
        await conn.commit()
    assert _free(await giving) == (rfc3339(in_days(11)),)
