"""Deliveries that no booking makes: those of standings, and those of workflows of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.client import WorkflowFailureError

from activities.delivering import Outgoing, Sent
from api.gateway import Gateway
from config import Settings
from db.stores.webhooks import owe_again
from domain.workflow_ids import delivery_workflow_id
from tests.workflows.mailing import Mailing, mail_is_sent
from tests.workflows.scripted_outlet import once
from tests.workflows.world import World, in_days


@pytest.fixture(scope="module")
async def mailing(world: World, shared_settings: Settings) -> AsyncIterator[Mailing]:
    """A marketplace that sends mail."""
    async with mail_is_sent(world, shared_settings) as found:
        yield found


async def test_a_standing_delivers_too(mailing: Mailing) -> None:
    booking = await mailing.requested(in_days(9))
    handle = await mailing.world.start_standing(booking.provider_id)
    await mailing.world.update(handle, "suspend", reason="Fraud.")

    async def suspended() -> list[Outgoing]:
        told = [it for it in mailing.office.taken if it.to.id == booking.provider_id]
        return [it for it in told if it.kind == "topics.suspended"]

    await mailing.world.until(suspended, lambda it: len(it) == 1)


async def test_a_delivery_of_its_own_leads_to_what_is_owed_in_consequence(
    mailing: Mailing,
) -> None:
    first, second = await mailing.owed(kind="first"), await mailing.owed(kind="second")

    async def consequential(_: Outgoing) -> Sent:
        return Sent(answer="Taken.", owed=(second,))

    mailing.office.plan("provider-1", "first", consequential)
    gateway = Gateway(mailing.world.client, mailing.world.task_queue)
    await asyncio.gather(gateway.deliver(first), gateway.deliver(first))
    await mailing.world.client.get_workflow_handle(delivery_workflow_id(first.id)).result()
    taken_ids = [it.id for it in mailing.office.taken]
    assert taken_ids.count(first.id) == taken_ids.count(second.id) == 1


async def test_what_is_owed_anew_while_its_delivery_ends_is_delivered_anew(
    mailing: Mailing,
) -> None:
    first, second = await mailing.owed(kind="anew"), await mailing.owed(kind="meanwhile")
    gateway = Gateway(mailing.world.client, mailing.world.task_queue)

    async def consequential(_: Outgoing) -> Sent:
        return Sent(answer="Taken.", owed=(second,))

    async def asked_for_again(_: Outgoing) -> Sent:
        # The first has ended, and its workflow has not.
        async with mailing.world.engine.begin() as conn:
            await owe_again(conn, first.id)
        await gateway.deliver(first)
        return Sent(answer="Taken.")

    mailing.office.plan("provider-1", "anew", consequential)
    mailing.office.plan("provider-1", "meanwhile", asked_for_again)
    await gateway.deliver(first)
    await mailing.world.client.get_workflow_handle(delivery_workflow_id(first.id)).result()
    taken_ids = [it.id for it in mailing.office.taken]
    assert taken_ids.count(first.id) == 2
    assert taken_ids.count(second.id) == 1


async def test_a_delivery_of_rubbish_fails(mailing: Mailing) -> None:
    with pytest.raises(WorkflowFailureError):
        await mailing.world.client.execute_workflow(
            "Delivery", {"id": 7}, id="delivery/rubbish", task_queue=mailing.world.task_queue
        )


async def test_a_standing_that_begins_anew_delivers_what_it_owed(mailing: Mailing) -> None:
    """As one does whose very first task was lost, after it was written down."""
    world, gate = mailing.world, asyncio.Event()
    provider_id = (await mailing.requested(in_days(9))).provider_id
    mailing.office.plan(provider_id, "topics.suspended", once(gate))
    handle = await world.start_standing(provider_id)
    await world.update(handle, "suspend", reason="Fraud.")

    async def tried() -> bool:
        return any(it.to.id == provider_id and it.attempt == 2 for it in mailing.office.tried)

    await world.until(tried, bool)
    await handle.terminate()
    gate.set()
    await world.start_standing(provider_id)

    async def told() -> int:
        taken_ = [it for it in mailing.office.taken if it.to.id == provider_id]
        return sum(it.kind == "topics.suspended" for it in taken_)

    await world.until(told, lambda it: it == 1)
