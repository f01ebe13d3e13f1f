"""What somebody writes in the moment in which they are erased: nothing of it stays."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api import topics
from api.idempotency import Answered, Effect
from api.logistics import replacing_logistics
from api.models.topic import TopicChange
from api.problems import ProblemError
from db.ids import new_id
from db.personal.erasing import erase
from db.personal.rules import ERASED
from db.schema import bookings
from domain.booking import commands as do
from domain.booking.deadlines import next_deadline
from domain.booking.decide import elapse
from domain.party import Party, Role
from tests.api.marketplace import Marketplace, ok
from tests.db.player import in_days, requested


async def _nothing_is_there(engine: AsyncEngine, effect: Effect) -> None:
    with pytest.raises(ProblemError) as told:
        async with engine.begin() as conn:
            await effect(conn, new_id())
    assert told.value.status == 404


async def test_a_topic_that_is_changed(market: Marketplace, market_engine: AsyncEngine) -> None:
    provider = market.provider()
    topic_id = (await market.topic(provider))["id"]
    ada = Party(role=Role.PROVIDER, id=provider.id)
    await erase(market_engine, ada)

    # What a request carries out that has found its caller's topic already.
    async def change(conn: AsyncConnection, _: str) -> Answered:
        return await topics.change(conn, topic_id, TopicChange(title="Wombats"), caller=ada)

    await _nothing_is_there(market_engine, change)
    assert ok(await market.support.get(f"/v1/topics/{topic_id}"))["title"] == ERASED


async def test_where_a_session_took_place(market_engine: AsyncEngine) -> None:
    provider_id, client_id = f"p-{new_id()}", f"c-{new_id()}"
    played = await requested(
        market_engine, in_days(10), provider_id=provider_id, client_id=client_id
    )
    await played.give(do.Confirm(start=in_days(10)), played.provider)
    while (deadline := next_deadline(played.booking)) is not None:
        events = elapse(played.booking, deadline, deadline.at)
        await played.record(events, deadline.kind.value)
    replace = replacing_logistics(
        played.booking.id, {"materials": "https://wombats.example"}, played.provider
    )
    await erase(market_engine, played.provider)
    await _nothing_is_there(market_engine, replace)
    async with market_engine.connect() as conn:
        its = bookings.c.id == played.booking.id
        assert await conn.scalar(select(bookings.c.materials).where(its)) is None
