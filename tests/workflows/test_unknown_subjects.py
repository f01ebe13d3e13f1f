"""What operators are told of whom and what nobody knows."""

from __future__ import annotations

import pytest

from domain.party import Role
from ops import OperatorError
from ops.connections import Stack
from ops.privacy import erase, export
from ops.repair import repair
from tests.workflows.world import World


async def test_there_is_nothing_to_repair_of_a_booking_that_does_not_exist(world: World) -> None:
    stack = Stack(client=world.client, engine=world.engine, task_queue=world.task_queue)
    with pytest.raises(OperatorError, match="there is no booking nope"):
        await repair(stack, print, apply=False, as_json=False, booking="nope")


async def test_there_is_nothing_to_export_of_a_person_whom_nobody_knows(world: World) -> None:
    with pytest.raises(OperatorError, match="nothing is on record about client nobody-x"):
        await export(world.engine, Role.CLIENT, "nobody-x", print)


@pytest.mark.parametrize("given", ["", "ada ", 'a"b', "x" * 65])
async def test_what_is_no_id_is_nobodys(world: World, given: str) -> None:
    stack = Stack(client=world.client, engine=world.engine, task_queue=world.task_queue)
    with pytest.raises(OperatorError, match="cannot be the id of anybody"):
        await export(world.engine, Role.CLIENT, given, print)
    with pytest.raises(OperatorError, match="cannot be the id of anybody"):
        await erase(stack, Role.CLIENT, given, print)
