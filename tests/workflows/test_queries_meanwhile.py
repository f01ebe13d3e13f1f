"""A query that comes while something is being recorded, and a signal right after it.

The SDK answers such a query with the task in which the recording ends, but tells the workflow of
that only with the next task, together with whatever has arrived since. A replay tells it earlier.
What the workflow does must be the same both times, or it could never be replayed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker import (
    HandleQueryInput,
    Replayer,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from config import Settings
from db.queries.timelines import booking_timeline
from tests.workflows.interruptions import Interruptions, serving
from tests.workflows.world import World, in_days
from worker import RUNNER, WORKFLOWS
from workflows.guard import Guard
from workflows.payloads import data_converter
from workflows.snapshot import BookingInput

_LONG = 0.5
"""An answer takes so many seconds: in this time the recording ends, and a signal arrives."""

_RENEWED = timedelta(seconds=1)
"""A task is renewed before so long has passed; the new one brings the query along."""


@dataclass
class SlowAnswers(Interruptions):
    """Interruptions, and queries that take their time."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the SDK's own name
    ) -> type[WorkflowInboundInterceptor] | None:
        plan = self

        class Slow(WorkflowInboundInterceptor):
            async def handle_query(self, input: HandleQueryInput) -> Any:  # noqa: A002
                if not plan.answering.is_set():
                    plan.loop.call_soon_threadsafe(plan.answering.set)
                    time.sleep(_LONG)  # noqa: ASYNC251 - it is to hold the task
                return await super().handle_query(input)

        return Slow


@pytest.fixture
async def slow(world: World, shared_settings: Settings) -> AsyncIterator[tuple[World, SlowAnswers]]:
    """The marketplace, served by a worker that takes its time to answer."""
    plan = SlowAnswers()
    async with serving(world, shared_settings, plan) as served:
        yield served, plan


async def _on_record(world: World, booking_id: str) -> int:
    async with world.engine.connect() as connection:
        return len(await booking_timeline(connection, booking_id))


def _ends_with_a_recording(history: WorkflowHistory) -> bool:
    """Whether there is a task of which a recording was the last command, before a signal."""
    told = (EventType.EVENT_TYPE_MARKER_RECORDED, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
    kinds = [event.event_type for event in history.events]
    return told in pairwise(kinds)


@pytest.mark.parametrize("signal", ["ask-cancel", "nonsense"])
async def test_a_query_and_a_signal_while_a_decision_is_recorded_replay(
    slow: tuple[World, SlowAnswers], signal: str
) -> None:
    world, plan = slow
    start = in_days(9)
    wanted = await world.wanted(start)
    handle = await world.start(BookingInput(request=wanted), task_timeout=_RENEWED)
    await world.until(lambda: world.row(wanted.booking_id), lambda row: row is not None)
    asked: list[asyncio.Task[Any]] = []

    async def meanwhile() -> None:
        asked.append(asyncio.create_task(handle.query("booking")))
        await plan.answering.wait()
        await world.signal(handle, signal, reason="Ill.")

    plan.plan(wanted.booking_id, "booking.confirmed", meanwhile)
    await world.signal(handle, "confirm", start=start)
    # Not by a query: only the one is to come meanwhile.
    await world.until(lambda: _on_record(world, wanted.booking_id), lambda count: count == 3)
    await asyncio.gather(*asked)
    history = await handle.fetch_history()
    assert _ends_with_a_recording(history), "the query came too early or too late"
    replayer = Replayer(
        workflows=WORKFLOWS,
        interceptors=[Guard()],
        workflow_runner=RUNNER,
        data_converter=data_converter,
    )
    await replayer.replay_workflow(history)
