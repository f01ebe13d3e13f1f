"""A query that comes while something is being recorded, and a signal right after it.

The SDK answers such a query with the task in which the recording ends, but tells the workflow of
that only with the next task, together with whatever has arrived since. A replay tells it earlier.
What the workflow does must be the same both times, or it could never be replayed.
"""

from __future__ import annotations

import asyncio
import threading
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
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from config import Settings
from tests.workflows.interruptions import Interruptions, serving
from tests.workflows.record_histories import replayer
from tests.workflows.world import World, in_days
from workflows.snapshot import BookingInput

_RENEWED = timedelta(seconds=1)
"""A task is renewed before so long has passed; the new one brings the query along."""

_ENDING = 0.2
"""Seconds between the signal and the answer, in which the recording ends."""

_TRIES = 30
"""So often is the moment looked for: on a machine that is busy it is missed again and again."""

_RECORDED = EventType.EVENT_TYPE_MARKER_RECORDED
_SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED


@dataclass
class SlowAnswers(Interruptions):
    """Interruptions, and queries that are answered when told so."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    signalled: threading.Event = field(default_factory=threading.Event)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the SDK's own name
    ) -> type[WorkflowInboundInterceptor] | None:
        plan = self

        class Slow(WorkflowInboundInterceptor):
            async def handle_query(self, input: HandleQueryInput) -> Any:  # noqa: A002
                # This holds the workflow's thread, as a machine does that is busy with others.
                plan.loop.call_soon_threadsafe(plan.asked.set)
                plan.signalled.wait(timeout=1)
                time.sleep(_ENDING)  # noqa: ASYNC251
                return await super().handle_query(input)

        return Slow


@pytest.fixture
async def slow(world: World, shared_settings: Settings) -> AsyncIterator[tuple[World, SlowAnswers]]:
    """The marketplace, served by a worker that takes its time to answer."""
    plan = SlowAnswers()
    async with serving(world, shared_settings, plan) as served:
        yield served, plan


async def _asked_meanwhile(world: World, plan: SlowAnswers, signal: str) -> WorkflowHistory:
    """The history of a booking that was asked, and told something, while it was confirmed."""
    start = in_days(9)
    wanted = await world.wanted(start)
    handle = await world.start(BookingInput(request=wanted), task_timeout=_RENEWED)
    await world.until(lambda: world.row(wanted.booking_id), lambda row: row is not None)
    plan.asked.clear()
    plan.signalled.clear()
    questions: list[asyncio.Task[Any]] = []

    async def meanwhile() -> None:
        questions.append(asyncio.create_task(handle.query("booking")))
        await plan.asked.wait()
        await world.signal(handle, signal, reason="Ill.")
        plan.signalled.set()

    plan.plan(wanted.booking_id, "booking.confirmed", meanwhile)
    await world.signal(handle, "confirm", start=start)
    # Not by a query: only the one is to come meanwhile.
    history: WorkflowHistory = await world.until(
        handle.fetch_history, lambda it: _kinds(it).count(_RECORDED) >= 3
    )
    await asyncio.gather(*questions)
    await handle.terminate()
    return history


def _kinds(history: WorkflowHistory) -> list[EventType.ValueType]:
    return [event.event_type for event in history.events]


def _was_the_moment(history: WorkflowHistory) -> bool:
    """Whether a recording was the last command of a task, and a signal came after it."""
    return (_RECORDED, _SIGNALED) in pairwise(_kinds(history))


@pytest.mark.parametrize("signal", ["ask-cancel", "nonsense"])
async def test_a_query_and_a_signal_while_a_decision_is_recorded_replay(
    slow: tuple[World, SlowAnswers], signal: str
) -> None:
    world, plan = slow
    for _ in range(_TRIES):
        history = await _asked_meanwhile(world, plan, signal)
        await replayer().replay_workflow(history)
        if _was_the_moment(history):
            return
    pytest.fail("the query came too early or too late each time")
