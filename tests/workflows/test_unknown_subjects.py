"""What operators are told of whom and what nobody knows."""

from __future__ import annotations

import pytest

from db.ids import new_id
from db.stores.people import note_person
from domain.party import Party, Role
from ops import OperatorError
from ops.connections import Stack
from ops.privacy import export, person_meant
from ops.repair import repair
from tests.workflows.world import World


async def test_there_is_nothing_to_repair_of_a_booking_that_does_not_exist(world: World) -> None:
    stack = Stack(client=world.client, engine=world.engine, task_queue=world.task_queue)
    with pytest.raises(OperatorError, match="there is no booking nope"):
        await repair(stack, print, apply=False, as_json=False, booking="nope")


async def test_there_is_nothing_to_export_of_a_person_whom_nobody_knows(world: World) -> None:
    with pytest.raises(OperatorError, match="nothing is on record about client nobody-x"):
        await export(world.engine, Party(role=Role.CLIENT, id="nobody-x"), print)


@pytest.mark.parametrize("role", [None, Role.CLIENT])
@pytest.mark.parametrize("given", ["", "ada ", 'a"b', "x" * 65])
async def test_what_is_no_id_is_nobodys(world: World, given: str, role: Role | None) -> None:
    with pytest.raises(OperatorError, match="cannot be the id of anybody"):
        await person_meant(world.engine, role, given)


async def test_a_role_can_be_left_out_where_one_person_alone_has_the_id(world: World) -> None:
    provider_id, _ = await world.provider_with_topic()
    provider = Party(role=Role.PROVIDER, id=provider_id)
    assert await person_meant(world.engine, None, provider_id) == provider

    namesake = Party(role=Role.SUPPORT, id=provider_id)
    async with world.engine.begin() as conn:
        await note_person(conn, namesake, name="Ada", zone="UTC")
    with pytest.raises(OperatorError, match=f"of {provider} and of {namesake}: say which"):
        await person_meant(world.engine, None, provider_id)
    assert await person_meant(world.engine, Role.SUPPORT, provider_id) == namesake

    with pytest.raises(OperatorError, match="nothing is on record about"):
        await person_meant(world.engine, None, f"nobody-{new_id()}")
