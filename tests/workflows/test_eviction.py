"""A worker that has no room in its memory forgets workflows, and reads them anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from config import Settings
from db.ids import new_id
from tests.workflows.wire import troubles
from tests.workflows.world import PATIENCE, World, in_days
from worker import build_worker


async def test_more_bookings_than_a_worker_can_remember(
    world: World, shared_settings: Settings
) -> None:
    queue, start = f"forgetful-{new_id()}", in_days(9)
    settings = shared_settings.model_copy(update={"task_queue": queue, "max_cached_workflows": 2})
    own = replace(world, task_queue=queue)
    # A workflow that does not let go when it is forgotten would hold a thread, and the stop.
    async with asyncio.timeout(2 * PATIENCE), build_worker(world.client, world.engine, settings):
        wanted = [await own.request(start) for _ in range(8)]
        for command in ("confirm", "ask-cancel"):
            fields = {"start": start} if command == "confirm" else {"reason": "Ill."}
            await asyncio.gather(*(own.update(it.booking_id, command, **fields) for it in wanted))
    async with build_worker(world.client, world.engine, settings):
        for it in wanted:
            agreed = await own.agree(it.booking_id)
            assert agreed.story == ["request", "confirm", "ask-cancel"]
            assert await troubles(own.booking(it.booking_id)) == []
