"""A booking that somebody has paused by hand, where the server lets them: it is told of."""

from __future__ import annotations

from activities.comparing import Comparer
from domain.record import Subject
from ops.connections import Stack
from ops.repair import repair
from ops.stuck import stuck
from tests.workflows.command_line import CommandLine
from tests.workflows.world import World


async def test_a_paused_booking_does_not_get_on_until_it_is_unpaused(
    world: World, stack: Stack, comparer: Comparer
) -> None:
    booking_id = (await world.request()).booking_id
    workflow_id = world.booking(booking_id).id
    command_line = CommandLine(world=world)
    await command_line.run("workflow", "pause", "--workflow-id", workflow_id)

    async def stuck_lines() -> list[str]:
        said: list[str] = []
        await stuck(stack, said.append)
        return [line for line in said if line.startswith(workflow_id)]

    # Visibility shows it a moment later.
    assert await world.until(stuck_lines, bool) == [
        f"{workflow_id}: was paused by hand, and is to be unpaused"
    ]
    said: list[str] = []
    assert not await repair(
        stack, said.append, apply=True, as_json=False, booking=booking_id, pause=0.1
    )
    differs, left, _ = said
    assert differs.endswith("its workflow was paused: nobody keeps its deadlines")
    await command_line.run_as_told(left)
    assert await comparer.without_workflow(Subject.BOOKING, booking_id, apply=False) is None
    assert await world.until(stuck_lines, lambda found: not found) == []
