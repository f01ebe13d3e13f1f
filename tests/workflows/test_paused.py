"""A booking that somebody has paused by hand, where the server lets them: it is told of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from activities.accounts import UnansweredError, delivering
from activities.comparing import Comparer
from api.gateway import Gateway
from config import Settings
from db.ids import new_id
from domain.party import Party, Role
from domain.record import Subject
from ops.connections import Stack
from ops.privacy import erase
from ops.repair import repair
from ops.stuck import stuck
from tests.workflows.command_line import CommandLine
from tests.workflows.mailing import mail_is_sent
from tests.workflows.world import World, in_days, now
from workflows.search_attributes import of_request
from workflows.snapshot import BookingInput


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
    # The sweep leaves to it what it may be delivering.
    with pytest.raises(UnansweredError, match="paused"):
        await delivering(world.booking(booking_id))
    said: list[str] = []
    assert not await repair(
        stack, said.append, apply=True, as_json=False, booking=booking_id, pause=0.1
    )
    differs, left, _ = said
    assert differs.endswith("its workflow was paused: nobody keeps its deadlines")
    await command_line.run_as_told(left)
    assert await comparer.without_workflow(Subject.BOOKING, booking_id, apply=False) is None
    assert await world.until(stuck_lines, lambda found: not found) == []


async def test_nobody_is_erased_while_a_request_of_theirs_is_paused(
    world: World, stack: Stack
) -> None:
    client = Party(role=Role.CLIENT, id=f"client-{new_id()}")
    wanted = replace(await world.wanted(), client_id=client.id)
    handle = await world.client.start_workflow(
        "Booking",
        BookingInput(request=wanted),
        id=world.booking(wanted.booking_id).id,
        # Whose workers are away: it is not on record.
        task_queue=f"nobody-{new_id()}",
        search_attributes=of_request(wanted, now()),
    )
    await CommandLine(world=world).run("workflow", "pause", "--workflow-id", handle.id)
    await _listed_as_paused(world, handle.id)
    said: list[str] = []
    assert not await erase(stack, client, said.append, histories=True)
    assert said == [f"{client} cannot be erased while these bookings are open: {wanted.booking_id}"]
    # Nor is it one that never began, for whoever asks.
    assert await Gateway(world.client, world.task_queue).refused_creation(wanted.booking_id) is None
    await handle.terminate()


async def test_of_a_paused_booking_that_is_closed_it_is_told_who_has_it_end(
    world: World, stack: Stack, shared_settings: Settings
) -> None:
    said: list[str] = []
    async with mail_is_sent(world, shared_settings) as mailing:
        booking = await mailing.requested(in_days(30))
        provider = Party(role=Role.PROVIDER, id=booking.provider_id)
        handle = world.booking(booking.booking_id)
        opened = await mailing.declined(booking.booking_id)
        command_line = CommandLine(world=world)
        await command_line.run("workflow", "pause", "--workflow-id", handle.id)
        await _listed_as_paused(world, handle.id)
        assert await erase(stack, provider, said.append)
        assert not any("run on" in line for line in said)
        (told,) = (line for line in said if "paused" in line)
        assert told.startswith(f"{handle.id} was paused by hand, and does not end: `temporal ")
        opened.set()
        await command_line.run_as_told(told)
        await handle.result()


async def _listed_as_paused(world: World, workflow_id: str) -> None:
    async def paused() -> int:
        query = f"WorkflowId = '{workflow_id}' AND ExecutionStatus = 'Paused'"
        return (await world.client.count_workflows(query)).count

    await world.until(paused, bool)
