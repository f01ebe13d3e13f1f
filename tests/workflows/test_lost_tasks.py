"""A task whose decision is on record, but which is lost: what is on record has happened.

The activity that records answers late here: first something is made to arrive at the workflow in
the moment in which it wants to end. Temporal then takes the task back, and the workflow decides
again, in another order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio import client, worker
from temporalio.api.enums.v1 import EventType
from temporalio.service import RPCError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from config import Settings
from db.ids import new_id
from domain.booking.record import BookingRecord
from tests.workflows.world import Handle, World, in_days, now
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


@pytest.fixture
async def interrupted(
    world: World, shared_settings: Settings
) -> AsyncIterator[tuple[World, Interruptions]]:
    """The marketplace, served by a worker that is interrupted as planned."""
    plan, queue = Interruptions(), f"interrupted-{new_id()}"
    # A worker takes over the interceptors of its client.
    config = world.client.config()
    config["interceptors"] = [plan]
    own = shared_settings.model_copy(update={"task_queue": queue})
    async with build_worker(client.Client(**config), world.engine, own):
        yield replace(world, task_queue=queue), plan


async def _took_it_back(handle: Handle) -> bool:
    """Whether Temporal has taken a task back, so that the test has tested something."""
    history = await handle.fetch_history()
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    return any(event.event_type == failed for event in history.events)


async def test_a_recorded_withdrawal_stays_though_a_confirmation_comes_first(
    interrupted: tuple[World, Interruptions],
) -> None:
    world, plan = interrupted
    start = in_days(9)
    booking_id = (await world.request(start)).booking_id
    handle = world.booking(booking_id)
    plan.plan(booking_id, "booking.cancelled", lambda: world.signal(handle, "confirm", start=start))
    # The update is lost together with its task: its caller is told to try again.
    with pytest.raises(RPCError, match="workflow task failure"):
        await world.update(booking_id, "cancel", reason="No need.")
    assert (await handle.result())["state"] == "cancelled"
    assert await _took_it_back(handle)
    await world.agree(booking_id, ended=True)
    lines = [(line["command"], line["code"]) for line in await world.timeline(handle)]
    assert lines == [("request", None), ("cancel", None), ("confirm", "already-closed")]


async def test_a_recorded_expiry_stays_though_an_earlier_command_comes(
    interrupted: tuple[World, Interruptions],
) -> None:
    world, plan = interrupted
    start = now() + timedelta(seconds=3)
    booking_id = (await world.request(start)).booking_id
    handle = world.booking(booking_id)
    given = start - timedelta(seconds=1)
    plan.plan(
        booking_id,
        "booking.expired",
        lambda: world.signal(handle, "confirm", start=start, at=given),
    )
    assert (await handle.result())["state"] == "expired"
    assert await _took_it_back(handle)
    await world.agree(booking_id, ended=True)
    lines = [(line["command"], line["code"]) for line in await world.timeline(handle)]
    assert lines[-2:] == [("expire", None), ("confirm", "already-closed")]


async def test_a_late_cancellation_is_reported_once_and_refusals_are_counted_once(
    interrupted: tuple[World, Interruptions],
) -> None:
    world, plan = interrupted
    booking = await world.confirmed(in_days(3))
    handle = world.booking(booking.booking_id)
    await world.update(handle, "ask-cancel", reason="Ill.")
    plan.plan(booking.booking_id, "booking.cancelled", lambda: world.signal(handle, "nonsense"))
    await world.signal(handle, "rubbish")
    await world.signal(handle, "cancel", reason="They asked.")
    await handle.result()
    assert await _took_it_back(handle)
    await world.agree(booking.booking_id, ended=True)
    timeline = await handle.query("timeline")
    refused = [line["command"] for line in timeline["items"] if line["outcome"] == "refused"]
    assert refused == ["rubbish", "nonsense"]
    assert timeline["refused"] == 2

    standing = world.standing(booking.provider_id)
    found = await world.until(
        lambda: standing.query("standing"), lambda it: it and it["late_cancellations"]
    )
    assert found["late_cancellations"] == 1
