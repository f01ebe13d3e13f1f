"""Whoever comes back, or was cut off, misses nothing and is told nothing twice."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries.live import TOLD
from db.schema import events
from domain.booking import commands as do
from domain.party import Party
from tests.api.marketplace import until
from tests.db.player import in_days, new_topic, requested
from tests.live.conftest import Api
from tests.live.listener import following
from tests.live.people import ADA, CARL, DORA, has_come_to, say


async def _write(engine: AsyncEngine, topic_id: str, day: int) -> None:
    played = await requested(engine, in_days(day), topic_id=topic_id)
    await say(engine, CARL)
    await requested(engine, in_days(day), topic_id=topic_id, client_id="dora")
    await played.give(do.Confirm(start=in_days(day)), played.provider)
    await say(engine, ADA)
    await say(engine, ADA, DORA)
    await played.give(do.Cancel(reason="Flu."), played.client)


async def _expected(engine: AsyncEngine, client: Party) -> list[str]:
    statement = (
        select(events.c.feed_seq)
        .where(events.c.client_id == client.id, events.c.type.in_(TOLD))
        .order_by(events.c.feed_seq)
    )
    async with engine.connect() as conn:
        return [str(place) for place in await conn.scalars(statement)]


async def test_who_comes_back_misses_nothing_and_is_told_nothing_twice(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    topic_id = await new_topic(engine, "ada")
    chance = random.Random(7)
    async with following(apis[0].address, CARL) as carl:
        last = await carl.begun()
    seen: list[str] = []
    async with asyncio.TaskGroup() as writers:
        for day in range(7, 27):
            writers.create_task(_write(engine, topic_id, day))
        # Five events for Carl in each of the twenty.
        while len(seen) < 100:
            async with following(chance.choice(apis).address, CARL, last) as carl:
                count = min(chance.randint(1, 9), 100 - len(seen))
                seen += [told.id for told in await carl.told(count)]
                last = seen[-1]
    assert seen == await _expected(engine, CARL)


async def test_everything_is_told_again_from_the_beginning(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    played = await requested(engine)
    await say(engine, CARL)
    newest = len(await _expected(engine, CARL))
    for api in apis:
        await has_come_to(api, newest)
        async with following(api.address, CARL, "0") as carl:
            heard = await carl.told(2)
            assert [told.about for told in heard] == [played.booking.id, None]
            # From here on it is up to date, as it says.
            assert await carl.begun() == heard[-1].id


async def test_a_listener_that_lost_its_connection_misses_nothing(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    ours = "FROM pg_stat_activity WHERE datname = current_database()"
    listeners = f"{ours} AND application_name = 'keepdate-api live'"

    async def listening() -> set[int]:
        async with engine.connect() as conn:
            return set(await conn.scalars(text(f"SELECT pid {listeners}")))

    async with following(apis[0].address, CARL) as carl, following(apis[1].address, ADA) as ada:
        for listener in (carl, ada):
            await listener.begun()
        before = await until(listening, lambda found: len(found) == 2)
        async with engine.begin() as conn:
            await conn.execute(text(f"SELECT pg_terminate_backend(pid) {listeners}"))
        while_deaf = await requested(engine)
        after = await until(listening, lambda found: len(found) == 2 and not found & before)
        assert not after & before
        then = await requested(engine)
        for listener in (carl, ada):
            heard = await listener.told(2)
            assert [told.about for told in heard] == [while_deaf.booking.id, then.booking.id]


async def test_a_database_that_was_restored_from_an_older_copy_is_followed_all_the_same(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    async with following(apis[0].address, CARL) as carl:
        await carl.begun()
        for _ in range(3):
            await say(engine, CARL)
        newest = (await carl.told(3))[-1].id
        undone = delete(events).where(events.c.feed_seq >= int(newest) - 1)
        async with engine.begin() as conn:
            await conn.execute(undone)
        # Only then, for whoever listens anew looks at once for what is there.
        async with engine.begin() as conn:
            await conn.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database()"
                    " AND application_name = 'keepdate-api live'"
                )
            )
        reset = await carl.next()
        assert (reset.event, reset.id) == ("reset", str(int(newest) - 2))
        played = await requested(engine)
        assert [told.about for told in await carl.told()] == [played.booking.id]


async def test_an_end_of_the_process_ends_its_streams(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    api, other = apis
    async with following(api.address, CARL) as carl:
        last = await carl.begun()
        api.server.should_exit = True
        await carl.ended()
    # What happens meanwhile is told by the process that is left.
    played = await requested(engine)
    async with following(other.address, CARL, last) as carl:
        assert [told.about for told in await carl.told()] == [played.booking.id]


async def test_who_was_away_for_too_long_or_comes_from_elsewhere_is_told_to_read_anew(
    apis: tuple[Api, Api], engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = apis[0].address
    async with following(address, CARL) as carl:
        await carl.begun()
        await requested(engine)
        (told,) = await carl.told()
    newest = str(apis[0].hub.place)
    for elsewhere in ("999999", "yesterday", "-1", "9" * 40):
        async with following(address, CARL, elsewhere) as carl:
            reset, position = await carl.next(), await carl.next()
            assert (reset.event, reset.id) == ("reset", newest)
            assert (position.event, position.id) == ("position", newest)
    assert apis[0].hub.log is not None
    monkeypatch.setattr(apis[0].hub.log, "kept", 2)
    for _ in range(3):
        await say(engine, ADA, DORA)
    await has_come_to(apis[0], int(newest) + 3)
    async with following(address, CARL, told.id) as carl:
        assert (await carl.next()).event == "reset"
    async with following(address, DORA, str(int(newest) + 1)) as dora:
        assert [told.event for told in await dora.told(2)] == ["message.posted"] * 2


async def test_a_stream_opens_before_the_database_can_be_read(
    apis: tuple[Api, Api], engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = await requested(engine)
    hub = apis[0].hub
    await has_come_to(apis[0], 1)
    monkeypatch.setattr(hub, "log", None)
    async with following(apis[0].address, CARL, "0") as carl:
        assert (await anext(carl.blocks))["retry"]
        # As if the database had come back: announced or not, it is looked for.
        await say(engine, ADA)
        assert [told.about for told in await carl.told(2)] == [played.booking.id, None]
