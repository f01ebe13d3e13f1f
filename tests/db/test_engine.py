"""The pool of connections outlives its connections."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from db import outages
from db.engine import create_engine
from db.queries.live import announcements
from db.recording import record_booking
from domain.booking.record import Recorded
from tests.db.player import NOW, SOON, requested


async def test_connections_that_the_server_cut_are_replaced(engine: AsyncEngine) -> None:
    played = await requested(engine)
    async with engine.connect() as one, engine.connect() as other:
        for conn in (one, other):
            await conn.execute(text("SELECT 1"))
    async with engine.connect() as conn:
        # Those that rest in the pool are cut, and the pool knows nothing of it.
        cut = await conn.scalars(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        assert any(cut)
    again = [record_booking(engine, played.records[0], within=SOON) for _ in range(3)]
    assert await asyncio.gather(*again) == [Recorded()] * 3


async def test_a_server_that_closes_what_it_has_just_accepted_is_an_outage(
    tables: AsyncEngine,
) -> None:
    engine = create_engine(_address(tables))
    async with engine.connect() as conn:
        await conn.execute(text("SELECT 1"))

    def cut(_connection: object, entry: ConnectionPoolEntry) -> None:
        assert entry.driver_connection is not None
        pid = entry.driver_connection.info.backend_pid
        with psycopg.connect(_address(tables).replace("+psycopg", ""), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    event.listen(engine.sync_engine, "connect", cut)
    await engine.dispose()
    with pytest.raises(DBAPIError) as raised:
        async with engine.connect():
            pass
    assert outages.is_outage(raised.value)
    event.remove(engine.sync_engine, "connect", cut)
    async with engine.connect() as conn:
        assert await conn.scalar(text("SELECT 1")) == 1
    await engine.dispose()


async def test_instants_come_back_in_utc(engine: AsyncEngine) -> None:
    await requested(engine)
    async with engine.connect() as conn:
        instant = await conn.scalar(text("SELECT created_at FROM bookings"))
    assert (instant, instant.tzname()) == (NOW, "UTC")


@pytest.mark.parametrize("told_by", ["address", "environment"])
async def test_options_of_the_operator_hold_beside_ours(
    tables: AsyncEngine, told_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = _address(tables)
    if told_by == "address":
        url += "&options=-csearch_path%3Delsewhere"
    else:
        monkeypatch.setenv("PGOPTIONS", "-csearch_path=elsewhere")
    engine = create_engine(url)
    async with engine.connect() as conn:
        assert await conn.scalar(text("SHOW search_path")) == "elsewhere"
        assert await conn.scalar(text("SHOW timezone")) == "UTC"
    await engine.dispose()


@pytest.mark.parametrize("form", ["host=/nowhere:5432&host={}:5432", "host=/nowhere,{}&port=,"])
async def test_of_several_servers_one_that_answers_is_enough(
    tables: AsyncEngine, form: str
) -> None:
    here = tables.url.query["host"]
    url = f"postgresql+psycopg://postgres@/{tables.url.database}?{form.format(here)}"
    engine = create_engine(url)
    async with engine.connect() as conn:
        assert await conn.scalar(text("SELECT 1")) == 1
    await engine.dispose()
    async with announcements(url, application_name="test", at_least_every=0.001) as heard:
        await anext(heard)


def _address(engine: AsyncEngine) -> str:
    return engine.url.render_as_string(hide_password=False)
