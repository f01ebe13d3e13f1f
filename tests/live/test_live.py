"""What happens is told to whom it concerns: at once, in every process, and without a gap."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from api.live.hub import STREAMS_OF_ONE_PERSON
from db.queries.bookings import Logistics
from db.queries.conversations import list_messages
from db.queries.live import TOLD
from db.schema import events
from db.stores.conversations import find_or_create, mark_read, post_message
from db.stores.logistics import set_logistics
from domain.booking import commands as do
from domain.lateness import LateKind
from domain.party import Party, Role
from domain.standing import commands as do_standing
from tests.api.marketplace import problem, token, until
from tests.db.player import NOW, SUPPORT, in_days, new_topic, requested, untouched
from tests.live.conftest import Api
from tests.live.listener import following

ADA = Party(role=Role.PROVIDER, id="ada")
BOB = Party(role=Role.PROVIDER, id="bob")
CARL = Party(role=Role.CLIENT, id="carl")
DORA = Party(role=Role.CLIENT, id="dora")
SERVICE = Party(role=Role.SERVICE, id="payments")


async def _say(engine: AsyncEngine, author: Party, client: Party = CARL) -> str:
    """A message in the conversation of Ada and a client."""
    async with engine.begin() as conn:
        talk = await find_or_create(conn, provider_id=ADA.id, client_id=client.id, now=NOW)
        await post_message(
            conn, conversation_id=talk, author=author, text="The secret word.", at=NOW
        )
    return talk


async def test_both_are_told_whichever_process_serves_them(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    one, other = apis
    async with following(one.address, ADA) as ada, following(other.address, CARL) as carl:
        await ada.begun()
        await carl.begun()
        played = await requested(engine)
        await played.give(do.Confirm(start=in_days(10)), played.provider)
        async with engine.begin() as conn:
            logistics = Logistics(
                conference_url="https://meet.example/x", materials=None, note=None
            )
            await set_logistics(conn, played.booking.id, logistics)
        talk = await _say(engine, ADA)
        heard = [await listener.told(4) for listener in (ada, carl)]
    # All but the first: its revision is the newest that a process knew when it read it.
    assert heard[0][1:] == heard[1][1:]
    assert [told.id for told in heard[0]] == [told.id for told in heard[1]]
    assert [told.event for told in heard[0]] == [
        "booking.requested",
        "booking.confirmed",
        "logistics.changed",
        "message.posted",
    ]
    assert heard[0][1].data == {
        "type": "booking.confirmed",
        "subject": "booking",
        "booking_id": played.booking.id,
        "conversation_id": talk,
        "provider_id": "ada",
        "revision": played.booking.revision,
    }
    assert heard[0][3].data == {
        "type": "message.posted",
        "subject": "conversation",
        "conversation_id": talk,
        "provider_id": "ada",
    }


async def test_what_somebody_has_read_is_told_to_their_own_pages_alone(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    talk = await _say(engine, ADA)
    async with engine.connect() as conn:
        (message,) = await list_messages(conn, talk, limit=9)

    async def read() -> None:
        async with engine.begin() as conn:
            await mark_read(conn, conversation_id=talk, reader=CARL, up_to=message.id)

    for api in apis:
        await _has_come_to(api, 1)
    async with following(apis[0].address, CARL) as carl, following(apis[1].address, ADA) as ada:
        for listener in (carl, ada):
            await listener.begun()
        # Read again, it is nothing new.
        await read()
        await read()
        await _say(engine, ADA)
        heard = [await carl.told(2), await ada.told(1)]
    assert [told.event for told in heard[0]] == ["message.read", "message.posted"]
    assert heard[0][0].data["conversation_id"] == talk
    assert [told.event for told in heard[1]] == ["message.posted"]


async def test_the_answer_is_a_stream_that_nobody_stores(apis: tuple[Api, Api]) -> None:
    async with following(apis[0].address, ADA) as ada:
        headers = ada.response.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        assert "content-length" not in headers
        assert (await anext(ada.blocks))["retry"].isdecimal()


async def test_nobody_is_told_of_what_is_somebody_elses(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    address = apis[0].address
    async with (
        following(address, BOB) as bob,
        following(address, DORA) as dora,
        following(address, SUPPORT) as support,
        following(address, SERVICE) as service,
        following(address, Party(role=Role.CLIENT, id=ADA.id)) as namesake,
    ):
        listeners = (bob, dora, support, service, namesake)
        for listener in listeners:
            await listener.begun()
        first = await requested(engine)
        await _say(engine, CARL)
        await untouched(engine).give(do_standing.Suspend(reason="Fraud."), SUPPORT)
        second = await requested(engine, provider_id="bob", client_id="dora")
        third = await requested(engine, provider_id="eve", client_id="ada")
        assert [told.about for told in await bob.told()] == [second.booking.id]
        assert [told.about for told in await dora.told()] == [second.booking.id]
        assert [told.about for told in await namesake.told()] == [third.booking.id]
        for listener in (support, service):
            heard = await listener.told(5)
            assert heard[0].about == first.booking.id
            assert [told.event for told in heard[1:]] == [
                "message.posted",
                "topics.suspended",
                "booking.requested",
                "booking.requested",
            ]
            assert heard[2].data["revision"] == 1


async def test_a_claim_is_told_to_the_client_who_made_it(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    async with following(apis[0].address, CARL) as carl, following(apis[1].address, DORA) as dora:
        for listener in (carl, dora):
            await listener.begun()
        booking = await requested(engine, in_days(4))
        standing = untouched(engine)
        report = do_standing.ReportLateEvent(
            id=f"{booking.booking.id}/1",
            booking_id=booking.booking.id,
            kind=LateKind.CANCELLATION,
            scheduled_start=in_days(4),
            initiated_at=NOW,
            claimed=True,
        )
        await standing.give(report, Party(role=Role.SERVICE, id="booking"))
        contest = do_standing.ContestClaim(claim_id=report.id, note="I did not.")
        await standing.give(contest, ADA)
        await standing.give(do_standing.SettleClaim(claim_id=report.id, uphold=False), SUPPORT)
        heard = await carl.told(4)
        await requested(engine, client_id="dora")
        assert [told.event for told in await dora.told()] == ["booking.requested"]
    assert [told.event for told in heard] == [
        "booking.requested",
        "claim.opened",
        "claim.contested",
        "claim.dismissed",
    ]
    assert {told.about for told in heard} == {booking.booking.id}


async def _write(engine: AsyncEngine, topic_id: str, day: int) -> None:
    played = await requested(engine, in_days(day), topic_id=topic_id)
    await _say(engine, CARL)
    await requested(engine, in_days(day), topic_id=topic_id, client_id="dora")
    await played.give(do.Confirm(start=in_days(day)), played.provider)
    await _say(engine, ADA)
    await _say(engine, ADA, DORA)
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


async def _has_come_to(api: Api, place: int) -> None:
    async def reached() -> int:
        return api.hub.place or 0

    await until(reached, lambda found: found >= place)


async def test_everything_is_told_again_from_the_beginning(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    played = await requested(engine)
    await _say(engine, CARL)
    newest = len(await _expected(engine, CARL))
    for api in apis:
        await _has_come_to(api, newest)
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


async def test_a_person_has_so_many_streams_and_no_more(apis: tuple[Api, Api]) -> None:
    api = apis[0]
    headers = {"Authorization": f"Bearer {token('client', CARL.id)}"}
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(following(api.address, CARL))
            for _ in range(STREAMS_OF_ONE_PERSON)
        ]
        for carl in opened:
            await carl.begun()
        async with httpx.AsyncClient() as http:
            refused = await http.get(f"{api.address}/v1/live", headers=headers)
        problem(refused, 429, "too-many-streams")
        assert refused.headers["retry-after"].isdecimal()
        async with following(api.address, DORA) as dora:
            await dora.begun()

    async def left() -> int:
        return api.hub.streams

    # Nothing is kept of a stream that was closed by its client.
    assert await until(left, lambda count: count == 0) == 0
    async with following(api.address, CARL) as carl:
        await carl.begun()


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
        await _say(engine, ADA, DORA)
    await _has_come_to(apis[0], int(newest) + 3)
    async with following(address, CARL, told.id) as carl:
        assert (await carl.next()).event == "reset"
    async with following(address, DORA, str(int(newest) + 1)) as dora:
        assert [told.event for told in await dora.told(2)] == ["message.posted"] * 2


async def test_a_stream_needs_a_token(apis: tuple[Api, Api]) -> None:
    async with httpx.AsyncClient() as http:
        problem(await http.get(f"{apis[0].address}/v1/live"), 401, "unauthenticated")


async def test_a_stream_says_where_it_is_while_nothing_happens(
    apis: tuple[Api, Api], engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.stream.HEARTBEAT_SECONDS", 0.05)
    async with following(apis[0].address, CARL) as carl:
        began = await carl.begun()
        await _say(engine, ADA, DORA)
        # It is none of Carl's, but where he goes on from moves with it.
        while (told := await carl.next()).id == began:
            assert told.event == "position"
        assert told.event == "position"


async def test_a_stream_opens_before_the_database_can_be_read(
    apis: tuple[Api, Api], engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = await requested(engine)
    hub = apis[0].hub
    await _has_come_to(apis[0], 1)
    monkeypatch.setattr(hub, "log", None)
    async with following(apis[0].address, CARL, "0") as carl:
        assert (await anext(carl.blocks))["retry"]
        # As if the database had come back: announced or not, it is looked for.
        await _say(engine, ADA)
        assert [told.about for told in await carl.told(2)] == [played.booking.id, None]
