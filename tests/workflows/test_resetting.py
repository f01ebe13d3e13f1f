"""A booking that cannot be replayed is reset by operators, and loses nothing that was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory, WorkflowQueryFailedError
from temporalio.common import RawValue

from activities.comparing import Comparer
from config import Settings
from db.ids import new_id
from db.queries.timelines import booking_timeline
from domain.booking.events import BookingConfirmed, BookingEvent
from domain.booking.state import Booking
from tests.workflows.command_line import CommandLine
from tests.workflows.world import Handle, World, in_days
from worker import build_worker
from workflows.booking import BookingWorkflow
from workflows.payloads import NOTHING


@workflow.defn(name="Booking")
class CarelessBooking(BookingWorkflow):
    """A build that pauses after each confirmation, and never said so."""

    @workflow.run
    async def run(self, given: RawValue = NOTHING) -> dict[str, Any]:
        """Live as today, but for the pause."""
        return await super().run(given)

    async def _afterwards(self, state: Booking, events: Sequence[BookingEvent]) -> None:
        await super()._afterwards(state, events)
        if any(isinstance(event, BookingConfirmed) for event in events):
            await workflow.sleep(timedelta(milliseconds=1))


def _task_of_the_confirmation(history: WorkflowHistory) -> int:
    """The id of the event with which the task ended that has recorded the confirmation."""
    ended: list[int] = []
    for event in history.events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            ended.append(event.event_id)
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            break
    return ended[-1]


async def _on_record(world: World, booking_id: str) -> list[str]:
    async with world.engine.connect() as connection:
        return [line.command for line in await booking_timeline(connection, booking_id)]


async def _reset(world: World, handle: Handle) -> None:
    """Back to before the confirmation, as operators do it."""
    told = _task_of_the_confirmation(await handle.fetch_history())
    await CommandLine(world=world).run(
        *("workflow", "reset", "--workflow-id", handle.id, "--event-id", str(told)),
        *("--reapply-exclude", "Update", "--reason", "It cannot be replayed."),
    )


async def test_what_was_decided_before_a_reset_is_not_repaired_away(
    world: World, comparer: Comparer
) -> None:
    booking_id = (await world.confirmed(in_days(9))).booking_id
    handle = world.booking(booking_id)
    await _reset(world, handle)
    await world.until(lambda: world.state(booking_id), lambda it: it and it["state"] == "pending")
    for apply, told in (
        (False, f"--workflow-id {handle.id} --name take-stock"),
        (True, "the workflow has been told to follow the record"),
    ):
        found = await comparer.compared(handle.id, apply=apply)
        assert found is not None
        assert "decisions: line 2 was never recorded" in found.differs
        assert found.mended == ()
        assert told in (found.why or "")
    lines = ["request", "confirm", "take-stock"]
    await world.until(lambda: _on_record(world, booking_id), lambda it: it == lines)
    await world.until(
        lambda: comparer.compared(handle.id, apply=False), lambda finding: finding is None
    )
    await world.until(lambda: world.state(booking_id), lambda it: it and it["state"] == "confirmed")


async def test_what_was_decided_before_a_reset_stays(
    world: World, shared_settings: Settings
) -> None:
    own = shared_settings.model_copy(update={"task_queue": f"reset-{new_id()}"})
    start = in_days(9)
    async with build_worker(world.client, world.engine, own, workflows=(CarelessBooking,)):
        wanted = await replace(world, task_queue=own.task_queue).confirmed(start)
    handle = world.booking(wanted.booking_id)

    async with build_worker(world.client, world.engine, own):
        with pytest.raises(WorkflowQueryFailedError, match="Nondeterminism"):
            await handle.query("booking")
        await _reset(world, handle)
        found = await world.until(lambda: world.state(wanted.booking_id), bool)
        assert found["state"] == "pending"
        await world.signal(handle, "take-stock")
        lines = ["request", "confirm", "take-stock"]
        await world.until(lambda: _on_record(world, wanted.booking_id), lambda it: it == lines)
        await world.update(handle, "cancel", reason="They asked.")
        assert (await handle.result())["state"] == "cancelled"
    # By another worker, which has nothing in memory and replays what came of it.
    async with build_worker(world.client, world.engine, own):
        agreed = await world.agree(wanted.booking_id, ended=True)
    assert agreed.story == ["request", "confirm", "cancel"]
