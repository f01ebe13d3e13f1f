"""The feed has one order, in which nothing appears later before what was read already."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries.feed import PUBLIC, Bookmark, FeedItem, is_kept, read_feed
from db.recording import record_booking
from db.recording.transaction import transaction
from db.schema import events
from domain.booking import commands as do
from domain.booking.events import BookingEvent
from domain.refusal import Code
from domain.standing.events import StandingEvent
from tests.db.player import NOW, SOON, PlayedBooking, in_days, new_topic, requested

OUR_OWN = {
    "reminder.sent",
    "reminder.skipped",
    "late-event.reported",
    "late-event.aged",
    "case.due-passed",
}


def test_every_type_is_either_public_or_our_own() -> None:
    types = {kind.type for union in (BookingEvent, StandingEvent) for kind in get_args(union)}
    assert types | {"command.refused"} == set(PUBLIC) | OUR_OWN
    assert not OUR_OWN & set(PUBLIC)


async def _whole(engine: AsyncEngine, *, at_once: int = 1000) -> list[FeedItem]:
    """The feed from its beginning to what is there now."""
    found: list[FeedItem] = []
    while page := await read_feed(engine, after=found[-1].id if found else 0, limit=at_once):
        found += page
    return found


async def test_the_feed_shows_what_happened_and_what_was_refused(engine: AsyncEngine) -> None:
    # Half a day ahead: reminders are skipped, and a proposal is late; neither is for the feed.
    played = await requested(engine, in_days(0.5))
    await played.refuse(2, Code.NOT_CONFIRMED)
    await played.give(do.Confirm(start=in_days(0.5)), played.provider)
    await played.give(do.ProposeReschedule(starts=(in_days(8),), reason="Flu."), played.provider)
    feed = await _whole(engine)
    assert [(item.type, item.seq) for item in feed] == [
        ("booking.requested", 1),
        ("command.refused", None),
        ("command.refused", None),
        ("booking.confirmed", 3),
        ("reschedule.proposed", 6),
    ]
    assert {(item.booking_id, item.provider_id, item.client_id) for item in feed} == {
        (played.booking.id, "ada", "carl")
    }
    assert feed[1].data["code"] == Code.NOT_CONFIRMED
    assert feed[3].data == {
        "type": "booking.confirmed",
        "at": "2026-03-02T09:00:00Z",
        "start": "2026-03-02T21:00:00Z",
    }
    assert all(item.occurred_at == NOW for item in feed)


async def test_an_event_that_commits_late_comes_after_what_was_read(engine: AsyncEngine) -> None:
    row = {
        "subject": "booking",
        "subject_id": "slow",
        "seq": 1,
        "type": "booking.expired",
        "occurred_at": NOW,
        "data": {},
    }
    async with engine.connect() as conn:
        await conn.execute(events.insert(), row)
        # Numbered by the database after the slow one, and committed before it.
        await requested(engine)
        first = await read_feed(engine, limit=10)
        assert [item.type for item in first] == ["booking.requested"]
        await conn.commit()
    then = await read_feed(engine, after=first[-1].id, limit=10)
    assert [item.type for item in then] == ["booking.expired"]
    assert await read_feed(engine, limit=10) == first + then


async def test_who_has_read_what_a_restored_database_lost_is_told(engine: AsyncEngine) -> None:
    await requested(engine)
    [kept] = await _whole(engine)
    for number in range(2):
        await requested(engine, client_id=f"lost-{number}")
    lost = [Bookmark.at(item) for item in (await _whole(engine))[1:]]
    assert all([await is_kept(engine, each) for each in (Bookmark(), Bookmark.at(kept), *lost)])
    async with engine.begin() as conn:
        await conn.execute(delete(events).where(events.c.feed_seq > kept.id))
    assert not any([await is_kept(engine, each) for each in lost])

    # Their places are given again, to what happens then.
    for number in range(3):
        await requested(engine, client_id=f"new-{number}")
    assert len(await _whole(engine)) == 4
    assert not any([await is_kept(engine, each) for each in lost])
    assert await is_kept(engine, Bookmark.at(kept))


async def _one_life(engine: AsyncEngine, topic_id: str, day: int) -> PlayedBooking:
    played = await requested(engine, in_days(day), topic_id=topic_id, client_id=f"client-{day}")
    await played.refuse()
    await played.give(do.Confirm(start=in_days(day)), played.provider)
    await played.give(do.AskCancel(reason="Flu."), played.provider)
    await played.give(do.Cancel(reason="As asked."), played.client)
    return played


async def test_readers_see_one_order_while_writers_write(engine: AsyncEngine) -> None:
    topic_id = await new_topic(engine, "ada")
    writing = asyncio.gather(*(_one_life(engine, topic_id, day) for day in range(7, 27)))

    async def follow() -> list[FeedItem]:
        seen: list[FeedItem] = []
        while not writing.done():
            seen += await read_feed(engine, after=seen[-1].id if seen else 0, limit=7)
        while page := await read_feed(engine, after=seen[-1].id if seen else 0, limit=7):
            seen += page
        return seen

    one, other = await asyncio.gather(follow(), follow())
    assert one == other == await _whole(engine)
    for played in await writing:
        mine = [item.type for item in one if item.booking_id == played.booking.id]
        assert mine == [
            "booking.requested",
            "command.refused",
            "booking.confirmed",
            "cancellation.asked",
            "booking.cancelled",
        ]


async def test_a_reader_that_places_events_holds_no_writer_up(engine: AsyncEngine) -> None:
    played = await requested(engine)
    async with engine.connect() as conn:
        # As a reader does it, and has not finished yet.
        await conn.execute(events.update().values(feed_seq=events.c.id))
        await played.give(do.Confirm(start=in_days(10)), played.provider)
        await conn.rollback()
    assert [item.type for item in await _whole(engine)] == [
        "booking.requested",
        "booking.confirmed",
    ]


@pytest.mark.parametrize("at_once", [1, 3])
async def test_more_events_than_are_placed_at_once(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("db.queries.feed._NUMBERED_AT_ONCE", at_once)
    played = await requested(engine)
    await played.refuse(9)
    assert len(await _whole(engine)) == 10


async def test_an_attempt_that_was_rolled_back_is_not_in_the_feed(engine: AsyncEngine) -> None:
    played = await requested(engine)
    async with transaction(engine, SOON) as conn:
        await conn.execute(
            events.insert(),
            {
                "subject": "booking",
                "subject_id": played.booking.id,
                "seq": 2,
                "type": "booking.expired",
                "occurred_at": NOW,
                "data": {},
            },
        )
        await conn.rollback()
    for record in played.records:
        await record_booking(engine, record, within=SOON)
    assert [item.type for item in await _whole(engine)] == ["booking.requested"]
    async with engine.connect() as conn:
        assert len(list(await conn.scalars(select(events.c.id)))) == 1
