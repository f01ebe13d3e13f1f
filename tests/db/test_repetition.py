"""A number that was used before: what is on record stays, and the workflow is told of it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries.bookings import get_booking
from db.queries.timelines import booking_timeline
from db.recording import record_booking, record_standing
from domain.booking import commands as do
from domain.booking.decide import decide
from domain.booking.evolve import evolve_all
from domain.booking.record import Recorded
from domain.booking.state import State
from domain.refusal import Refusal
from domain.standing import commands as standing_do
from tests.db.player import NOW, SOON, SUPPORT, in_days, line, requested, untouched


async def test_another_decision_under_the_same_number_is_told_what_is_there(
    engine: AsyncEngine,
) -> None:
    played = await requested(engine, in_days(4))
    before, first_seq = played.booking, played.next_seq
    await played.give(do.Confirm(start=in_days(4)), played.provider)
    await played.refuse(2)
    confirmed = played.records[1]

    withdrawal = do.Cancel(reason="No need.", by=played.client)
    events = decide(before, withdrawal, NOW)
    assert not isinstance(events, Refusal)
    other = replace(
        confirmed,
        booking=evolve_all(before, events),
        events=events,
        entries=(line(2, "cancel", played.client),),
    )
    answer = await record_booking(engine, other, within=SOON)

    there = answer.instead
    assert there is not None
    assert answer.refusal is None
    assert (there.number, there.refused, there.first_seq) == (3, 2, first_seq)
    assert there.booking == played.booking
    assert there.events == confirmed.events
    assert there.entries == (*confirmed.entries, *played.records[2].entries)
    async with engine.connect() as conn:
        row = await get_booking(conn, played.booking.id)
        assert len(await booking_timeline(conn, played.booking.id)) == 4
    assert row is not None
    assert row.booking.state is State.CONFIRMED


async def test_the_same_decision_made_a_moment_later_is_another_line(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(4))
    await played.give(do.Confirm(start=in_days(4)), played.provider)
    confirmed = played.records[1]
    later = replace(confirmed.entries[0], handled_at=in_days(1))
    answer = await record_booking(engine, replace(confirmed, entries=(later,)), within=SOON)
    assert answer.instead is not None
    assert answer.instead.entries == confirmed.entries
    assert await record_booking(engine, confirmed, within=SOON) == Recorded()


async def test_a_refused_number_refuses_nobody_else(engine: AsyncEngine) -> None:
    taken = await requested(engine, in_days(4))
    await taken.give(do.Confirm(start=in_days(4)), taken.provider)
    played = await requested(engine, in_days(4), in_days(5))
    refused = await played.give(do.Confirm(start=in_days(4)), played.provider)
    assert refused.refusal is not None

    decline = do.Decline(reason="No time.", by=played.provider)
    events = decide(played.booking, decline, NOW)
    assert not isinstance(events, Refusal)
    entries = (line(2, "decline", played.provider),)
    other = replace(played.next_record(events, entries), number=played.number)
    answer = await record_booking(engine, other, within=SOON)

    assert answer.refusal is None
    assert answer.instead is not None
    assert (answer.instead.events, answer.instead.entries) == ((), ())
    assert answer.instead.booking == played.booking
    again = replace(other, number=played.number + 1)
    assert await record_booking(engine, again, within=SOON) == Recorded()


async def test_a_standing_is_told_what_is_there(engine: AsyncEngine) -> None:
    played = untouched(engine)
    await played.give(standing_do.Suspend(reason="Spam."), SUPPORT)
    await played.give(standing_do.Reinstate(reason="A mistake."), SUPPORT)
    lost = replace(played.records[0], entries=(line(1, "reinstate", SUPPORT),))
    answer = await record_standing(engine, lost, within=SOON)
    assert answer.instead is not None
    assert answer.instead.number == 2
    assert answer.instead.standing == played.standing
    assert answer.instead.events == (*played.records[0].events, *played.records[1].events)
