"""A database that answers with errors, which is not the same as one that does not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from temporalio.client import WorkflowExecutionStatus

from tests.workflows.world import Handle, World, in_days
from workflows.snapshot import BookingInput


@asynccontextmanager
async def _without_timelines(world: World) -> AsyncIterator[None]:
    """Every recording fails at once, as with a server that refuses connections."""
    async with world.engine.begin() as conn:
        await conn.execute(text("ALTER TABLE decisions RENAME TO hidden_decisions"))
    try:
        yield
    finally:
        async with world.engine.begin() as conn:
            await conn.execute(text("ALTER TABLE hidden_decisions RENAME TO decisions"))


async def _has_turned_patient(world: World, handle: Handle) -> None:
    async def pending() -> list[Any]:
        return list((await handle.describe()).raw_description.pending_activities)

    await world.until(pending, bool)


async def test_errors_of_the_database_fail_no_workflow(world: World) -> None:
    start = in_days(3)
    booking, standing = await world.request(start), await world.start_standing("broken-1")
    handle = world.booking(booking.booking_id)
    begun = await world.wanted(start)
    async with _without_timelines(world):
        await world.signal(handle, "confirm", start=start)
        await world.signal(standing, "suspend", reason="Fraud.")
        beginning = await world.start(BookingInput(request=begun))
        for each in (handle, standing, beginning):
            await _has_turned_patient(world, each)

    await world.until(
        lambda: world.state(booking.booking_id), lambda it: it["state"] == "confirmed"
    )
    await world.until(lambda: world.row(begun.booking_id), lambda row: row is not None)
    await world.until_standing(standing, lambda it: it["status"] == "suspended")
    for each in (handle, standing, beginning):
        assert (await each.describe()).status is WorkflowExecutionStatus.RUNNING
