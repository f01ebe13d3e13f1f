"""Two builds side by side: what began on the old one goes on, and ends, on the new one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.enums.v1 import RoutingConfigUpdateState
from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from config import Settings
from tests.workflows.command_line import CommandLine
from tests.workflows.tomorrows_booking import TomorrowsBooking
from tests.workflows.wire import troubles
from tests.workflows.world import Handle, World, in_days
from worker import WORKFLOWS, build_worker
from workflows.provider_standing import ProviderStandingWorkflow

pytestmark = pytest.mark.long

TOMORROW = (TomorrowsBooking, ProviderStandingWorkflow)
"""The workflows of the new build; the old one is as the code is today."""

_EVERYWHERE = RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_COMPLETED


class Rollout:
    """A deployment of its own on the shared server, and the `temporal` command of its operator."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self._settings = settings
        self._command_line = CommandLine(world=world)

    @asynccontextmanager
    async def worker(self, build: str, *workflows: type) -> AsyncIterator[None]:
        """A worker of a build."""
        settings = self._settings.model_copy(update={"deployment_build_id": build})
        client, engine = self.world.client, self.world.engine
        async with build_worker(client, engine, settings, workflows=workflows or WORKFLOWS):
            yield

    async def make_current(self, build: str) -> None:
        """Have a build take all tasks, as soon as the server knows its worker."""
        version = ("--deployment-name", self._settings.deployment_name, "--build-id", build)

        async def told() -> bool:
            # The server may not know the build yet, or be busy writing down the one before it.
            try:
                await self._deployment("set-current-version", *version, "--yes")
            except AssertionError:
                return False
            return True

        await self.world.until(told, bool)
        await self.world.until(self._routing, lambda state: state == _EVERYWHERE)

    async def _routing(self) -> RoutingConfigUpdateState.ValueType:
        """Whether every task queue has heard which build is current."""
        client = self.world.client
        described = await client.workflow_service.describe_worker_deployment(
            DescribeWorkerDeploymentRequest(
                namespace=client.namespace, deployment_name=self._settings.deployment_name
            )
        )
        return described.worker_deployment_info.routing_config_update_state

    async def _deployment(self, *words: str) -> str:
        return await self._command_line.run("worker", "deployment", *words)


@pytest.fixture
def rollout(
    temporal: WorkflowEnvironment, client: Client, engine: AsyncEngine, shared_settings: Settings
) -> Rollout:
    own = {"task_queue": "rolling-out", "deployment_name": "rolling-out"}
    settings = shared_settings.model_copy(update=own)
    world = World(temporal=temporal, client=client, engine=engine, task_queue="rolling-out")
    return Rollout(world, settings)


async def _builds_of(handle: Handle) -> list[str]:
    """The builds that worked on a workflow, in order, each time it changed."""
    found: list[str] = []
    async for event in handle.fetch_history_events():
        done = event.workflow_task_completed_event_attributes
        build = done.deployment_version.build_id
        if build and build not in found[-1:]:
            found.append(build)
    return found


async def test_what_began_on_the_old_build_ends_on_the_new_one(rollout: Rollout) -> None:
    world = rollout.world
    async with rollout.worker("today"):
        await rollout.make_current("today")
        provider = await world.provider_with_topic()
        standing = await world.start_standing(provider[0])
        pending, expiring, confirmed, asked, moving = await asyncio.gather(
            world.request(in_days(9)),
            world.request(in_days(9)),
            world.confirmed(in_days(0.5)),
            world.confirmed(in_days(3), provider),
            world.confirmed(in_days(20)),
        )
        await world.update(asked.booking_id, "ask-cancel", reason="Ill.")
        await world.update(
            moving.booking_id, "propose-reschedule", starts=[in_days(22)], reason="A trip."
        )
        async with rollout.worker("tomorrow", *TOMORROW):
            await rollout.make_current("tomorrow")
            [start] = pending.preferred_starts
            await world.update(pending.booking_id, "confirm", start=start)
            await world.update(pending.booking_id, "cancel", reason="No need.")
            await world.update(asked.booking_id, "cancel", reason="They asked.")
            await world.update(moving.booking_id, "answer-reschedule", accept=False, cancel=True)
            new = await world.confirmed(in_days(12))
            await world.update(new.booking_id, "cancel", reason="No need.")
            await asyncio.gather(
                world.forward(world.booking(expiring.booking_id), timedelta(days=4)),
                world.forward(world.booking(confirmed.booking_id), timedelta(days=1)),
            )
            ends = {
                pending.booking_id: "cancelled",
                expiring.booking_id: "expired",
                confirmed.booking_id: "completed",
                asked.booking_id: "cancelled",
                moving.booking_id: "cancelled",
            }
            for booking_id, state in ends.items():
                handle = world.booking(booking_id)
                assert (await world.agree(booking_id, ended=True)).booking["state"] == state
                assert await _builds_of(handle) == ["today", "tomorrow"]
                assert await troubles(handle) == []
            assert (await world.booking(new.booking_id).result())["state"] == "cancelled"
            assert await _builds_of(world.booking(new.booking_id)) == ["tomorrow"]
            counted = await world.until_standing(standing, lambda it: it["late_cancellations"] == 1)
            assert counted["status"] == "warned"
            assert (await standing.describe()).status is WorkflowExecutionStatus.RUNNING
            assert await troubles(standing) == []
            await standing.terminate()


async def test_what_moved_to_the_new_build_goes_back_to_the_old_one(rollout: Rollout) -> None:
    """But for what began with a patch, which waits until a build that knows the patch is back."""
    world = rollout.world
    async with rollout.worker("before"), rollout.worker("after", *TOMORROW):
        await rollout.make_current("before")
        booking_id = (await world.confirmed(in_days(10))).booking_id
        await rollout.make_current("after")
        await world.update(booking_id, "ask-cancel", reason="Ill.")
        await rollout.make_current("before")
        await world.update(booking_id, "cancel", reason="They asked.")
        handle = world.booking(booking_id)
        assert (await world.agree(booking_id, ended=True)).booking["state"] == "cancelled"
        assert await _builds_of(handle) == ["before", "after", "before"]
        assert await troubles(handle) == []
