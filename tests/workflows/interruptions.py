"""What happens in the very moment in which something is recorded, and nobody knows of it yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from temporalio import client, worker
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from config import Settings
from db.ids import new_id
from domain.booking.record import BookingRecord
from tests.workflows.world import World
from worker import build_worker

Meanwhile = Callable[[], Awaitable[Any]]


@dataclass
class Interruptions(client.Interceptor, worker.Interceptor):
    """What happens between the recording of a decision and the moment its task is completed."""

    planned: dict[tuple[str, str], Meanwhile] = field(default_factory=dict)

    def plan(self, booking_id: str, event: str, meanwhile: Meanwhile) -> None:
        """Do something once, right after an event of a booking was recorded."""
        self.planned[booking_id, event] = meanwhile

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's own name
        return _Interrupted(next, self)


class _Interrupted(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, plan: Interruptions) -> None:
        super().__init__(following)
        self._plan = plan

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        result = await super().execute_activity(input)
        record = input.args[0]
        if isinstance(record, BookingRecord):
            for event in record.events:
                meanwhile = self._plan.planned.pop((record.booking.id, event.type), None)
                if meanwhile is not None:
                    await meanwhile()
        return result


@asynccontextmanager
async def serving(world: World, settings: Settings, plan: Interruptions) -> AsyncIterator[World]:
    """The marketplace, served by a worker that is interrupted as planned."""
    queue = f"interrupted-{new_id()}"
    # A worker takes over the interceptors of its client.
    config = world.client.config()
    config["interceptors"] = [plan]
    own = settings.model_copy(update={"task_queue": queue})
    async with build_worker(client.Client(**config), world.engine, own):
        yield replace(world, task_queue=queue)
