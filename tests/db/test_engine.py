"""The pool of connections outlives its connections."""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

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


async def test_instants_come_back_in_utc(engine: AsyncEngine) -> None:
    await requested(engine)
    async with engine.connect() as conn:
        instant = await conn.scalar(text("SELECT created_at FROM bookings"))
    assert (instant, instant.tzname()) == (NOW, "UTC")
