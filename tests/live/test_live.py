"""What happens is told to whom it concerns: at once, and in every process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.live.hub import STREAMS_OF_ONE_PERSON
from api.live.response import LiveResponse
from db.queries.bookings import Logistics
from db.queries.conversations import list_messages
from db.stores.conversations import mark_read
from db.stores.logistics import set_logistics
from domain.booking import commands as do
from domain.party import A_BOOKING, Party, Role
from domain.standing import commands as do_standing
from tests.api.marketplace import problem, token, until
from tests.db.player import SUPPORT, claim_about, in_days, requested, untouched
from tests.live.conftest import Api
from tests.live.listener import PATIENCE_SECONDS, following
from tests.live.people import ADA, BOB, CARL, DORA, SERVICE, has_come_to, say


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
        talk = await say(engine, ADA)
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
    talk = await say(engine, ADA)
    async with engine.connect() as conn:
        (message,) = await list_messages(conn, talk, limit=9)

    async def read() -> None:
        async with engine.begin() as conn:
            await mark_read(conn, conversation_id=talk, reader=CARL, up_to=message.id)

    for api in apis:
        await has_come_to(api, 1)
    async with following(apis[0].address, CARL) as carl, following(apis[1].address, ADA) as ada:
        for listener in (carl, ada):
            await listener.begun()
        # Read again, it is nothing new.
        await read()
        await read()
        await say(engine, ADA)
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
        await say(engine, CARL)
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
        report = claim_about(booking)
        await standing.give(report, A_BOOKING)
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


async def test_a_stream_needs_a_token(apis: tuple[Api, Api]) -> None:
    async with httpx.AsyncClient() as http:
        problem(await http.get(f"{apis[0].address}/v1/live"), 401, "unauthenticated")


async def test_a_stream_says_where_it_is_while_nothing_happens(
    apis: tuple[Api, Api], engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.stream.HEARTBEAT_SECONDS", 0.05)
    async with following(apis[0].address, CARL) as carl:
        began = await carl.begun()
        await say(engine, ADA, DORA)
        # It is none of Carl's, but where he goes on from moves with it.
        while (told := await carl.next()).id == began:
            assert told.event == "position"
        assert told.event == "position"


async def test_a_stream_that_nobody_takes_any_more_ends_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.live.response._SEND_SECONDS", 0.01)

    async def frames() -> AsyncGenerator[bytes]:
        while True:
            yield b": still here\n\n"

    async def never(*_: object) -> Any:
        await asyncio.Event().wait()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await LiveResponse(frames())({"type": "http"}, never, never)
