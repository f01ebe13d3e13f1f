"""What a worker keeps in memory of a booking that waits."""

from __future__ import annotations

import gc

from temporalio.bridge.proto.workflow_activation import InitializeWorkflow

from tests.workflows.world import World


async def test_the_message_with_which_a_booking_began_is_let_go(world: World) -> None:
    wanted = await world.request()

    async def held() -> int:
        gc.collect()
        # By its type alone: stand-ins of the sandbox, which others leave here, take no questions.
        begun = [it for it in gc.get_objects() if type(it) is InitializeWorkflow]
        return sum(it.workflow_id == f"booking/{wanted.booking_id}" for it in begun)

    await world.until(held, lambda number: number == 0)
