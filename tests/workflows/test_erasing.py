"""Who is erased while what concerns them is still under way."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import delete, select
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from config import Settings
from db.personal.pseudonym import is_pseudonym
from db.schema import bookings, notices, standing_late_events, standings
from domain.party import Party, Role
from ops.connections import Stack
from ops.privacy import erase, export
from tests.db.endpoints import endpoint
from tests.workflows.mailing import mail_is_sent
from tests.workflows.world import Handle, World, in_days


async def test_a_person_is_exported_and_erased(world: World, stack: Stack) -> None:
    start = in_days(3)
    booking = await world.confirmed(start)
    handle, provider_id = world.booking(booking.booking_id), booking.provider_id
    await world.update(handle, "ask-cancel", reason="Ill.")
    standing = world.standing(provider_id)
    said: list[str] = []
    assert not await world.until(
        lambda: erase(stack, _provider(provider_id), said.append), lambda done: not done
    )
    assert said[-1].endswith(f"while these bookings are open: {booking.booking_id}")

    await world.update(handle, "cancel", reason="They asked.")
    await world.until_standing(standing, lambda it: it["late_cancellations"] == 1)
    await export(world.engine, _provider(provider_id), said.append)
    tables = json.loads(said[-1])["tables"]
    assert [row["id"] for row in tables["bookings"]] == [booking.booking_id]
    assert [row["provider_id"] for row in tables["standings"]] == [provider_id]

    # What Temporal lists lags behind.
    await _listed(world, handle, "Completed")
    await _listed(world, standing, "Running")
    said.clear()
    done = await world.until(
        lambda: erase(stack, _provider(provider_id), said.append, histories=True), bool
    )
    assert done
    assert any("from now on" in line for line in said)
    # Temporal does so in its own time, which is some seconds.
    assert said[-1] == "Temporal forgets 2 closed workflows."
    said.clear()
    assert await erase(stack, _provider(provider_id), said.append)
    assert said[0] == f"Nothing is on record about provider {provider_id}."


async def test_who_is_erased_is_owed_nothing_and_what_others_are_owed_goes_on(
    world: World, stack: Stack, shared_settings: Settings
) -> None:
    said: list[str] = []
    async with mail_is_sent(world, shared_settings) as mailing:
        booking = await mailing.requested(in_days(30))
        booking_id, provider = booking.booking_id, _provider(booking.provider_id)
        await endpoint(world.engine, "booking.declined", owner=provider)
        handle = world.booking(booking_id)
        opened = await mailing.declined(booking_id)
        await _listed(world, handle, "Running")
        assert await erase(stack, provider, said.append)
        assert any("run on until they have told others" in line for line in said)

        states = await _states(world, booking_id)
        assert states["webhook"] == ("skipped", "The person was erased.")
        assert states["email"][0] == "owed"
        await world.signal(handle, "nonsense")
        await world.until(lambda: handle.query("timeline"), lambda it: it["refused"] == 1)
        async with world.engine.connect() as conn:
            row = (await conn.execute(select(bookings).where(bookings.c.id == booking_id))).one()
        assert row.refused == 1
        assert is_pseudonym(row.provider_id)

        opened.set()
        await handle.result()
    assert (await _states(world, booking_id))["email"][0] == "sent"


async def test_nobody_is_erased_before_their_standing_knows_what_was_late(
    world: World, stack: Stack
) -> None:
    provider = provider_id, _ = await world.provider_with_topic()
    owner = _provider(provider_id)
    await endpoint(world.engine, "booking.cancelled", owner=owner, url="https://127.0.0.1/")
    booking_id = (await world.confirmed(in_days(3), provider=provider)).booking_id
    await world.update(world.booking(booking_id), "ask-cancel", reason="Ill.")
    await world.update(world.booking(booking_id), "cancel", reason="They asked.")
    standing = world.standing(provider_id)
    await world.until_standing(standing, lambda it: it["late_cancellations"] == 1)
    known = standing_late_events.c.provider_id == provider_id
    async with world.engine.begin() as conn:
        await conn.execute(delete(standing_late_events).where(known))
    said: list[str] = []
    assert not await erase(stack, owner, said.append)
    assert said == [f"{owner} cannot be erased while these bookings are open: {booking_id}"]


async def test_who_is_erased_by_two_at_once_is_erased_once(world: World, stack: Stack) -> None:
    provider_id, _ = await world.provider_with_topic()
    standing = await world.start_standing(provider_id)
    await world.update(standing, "suspend", reason="Wombats.")
    await _listed(world, standing, "Running")
    said: list[str] = []
    both = (erase(stack, _provider(provider_id), said.append) for _ in range(2))
    assert await asyncio.gather(*both) == [True, True]
    assert sum("from now on" in line for line in said) == 1


async def test_a_standing_that_begins_while_its_provider_is_erased_ends_with_them(
    world: World, stack: Stack
) -> None:
    provider_id, _ = await world.provider_with_topic()
    standing = await world.start_standing(provider_id)
    await world.update(standing, "suspend", reason="Wombats.")
    await _listed(world, standing, "Running")
    said: list[str] = []
    async with world.engine.begin() as conn:
        # The erasure comes to this row when the standing that there was has been ended.
        its = standings.c.provider_id == provider_id
        await conn.execute(select(standings.c.status).where(its).with_for_update())
        erasing = asyncio.create_task(erase(stack, _provider(provider_id), said.append))
        with pytest.raises(WorkflowFailureError):
            await standing.result()
        begun = await world.start_standing(provider_id)
        await world.until_standing(begun, bool)
    assert await erasing
    # Nothing is on record any more that it could go on from.
    assert (await begun.describe()).status is WorkflowExecutionStatus.TERMINATED


@pytest.mark.long  # Temporal looks after half a minute whether it may delete a history.
async def test_all_histories_of_a_standing_that_went_on_as_new_are_forgotten(
    world: World, stack: Stack
) -> None:
    provider_id, _ = await world.provider_with_topic()
    standing = await world.start_standing(provider_id, history_limit=12)
    for command in ("suspend", "reinstate") * 2:
        await world.update(standing, command, reason="Wombats.")

    async def earlier() -> list[str]:
        query = f"WorkflowId = '{standing.id}' AND ExecutionStatus = 'ContinuedAsNew'"
        return [each.run_id async for each in world.client.list_workflows(query)]

    await world.until(earlier, bool)
    said: list[str] = []
    assert await erase(stack, _provider(provider_id), said.append, histories=True)
    assert said[-1] == "Temporal forgets 1 closed workflows."
    # It looks every half minute, and a busy server more than once.
    await world.until(earlier, lambda found: not found, within=240)


def _provider(provider_id: str) -> Party:
    return Party(role=Role.PROVIDER, id=provider_id)


async def _listed(world: World, handle: Handle, status: str) -> None:
    """Wait until Temporal's list shows a workflow as it is."""

    async def found() -> bool:
        query = f"WorkflowId = '{handle.id}' AND ExecutionStatus = '{status}'"
        return bool([each async for each in world.client.list_workflows(query)])

    await world.until(found, bool)


async def _states(world: World, booking_id: str) -> dict[str, tuple[str, str | None]]:
    """How the ledger has what was owed of a booking's end, by channel."""
    statement = select(notices).where(
        notices.c.booking_id == booking_id, notices.c.kind == "booking.declined"
    )
    async with world.engine.connect() as conn:
        return {row.channel: (row.state, row.reason) for row in await conn.execute(statement)}
