"""Lives of what is sent out: by a booking, by itself, and when nobody has delivered it."""

from __future__ import annotations

import asyncio

from sqlalchemy import select, update

from api.gateway import Gateway
from db.queries.contacts import Source
from db.schema import notices
from db.stores.contacts import keep_address
from db.stores.webhooks import owe_again
from domain.notices.ledger import Channel, NoticeState, Owed
from domain.party import Party, Role
from domain.workflow_ids import delivery_workflow_id
from tests.workflows.scripted_outlet import ScriptedOutlet, once
from tests.workflows.world import Handle, World, in_days
from workflows.snapshot import BookingInput

OUTLET = ScriptedOutlet()
"""Where the mails of these lives go."""


async def told(world: World) -> Handle:
    """A provider who gets mail of the request, and answers it."""
    handle, _ = await _mailed(world)
    await world.update(handle, "decline", reason="No time.", over_scheduling=True)
    await handle.result()
    return handle


async def sent_again(world: World) -> Handle:
    """A delivery of its own, of a mail that somebody wants to have once more."""
    _, owed = await _mailed(world)
    async with world.engine.begin() as connection:
        await owe_again(connection, owed.id)
    await Gateway(world.client, world.task_queue).deliver(owed)
    handle = world.client.get_workflow_handle(delivery_workflow_id(owed.id))
    await handle.result()
    return handle


async def owing(world: World) -> Handle:
    """Mails that nobody takes: superseded, handed to the next history, and told after the end."""
    start, moved, gate = in_days(20), in_days(21), asyncio.Event()
    provider = await _provider_with_mail(world)
    wanted = await world.wanted(start, provider=provider)
    handle = world.booking(wanted.booking_id)
    for kind in ("booking.requested", "booking.rescheduled", "booking.cancelled"):
        OUTLET.plan(wanted.booking_id, kind, once(gate))
    await world.start(BookingInput(request=wanted, history_limit=14))
    await world.until(lambda: world.row(wanted.booking_id), lambda row: row is not None)
    first = (await handle.describe()).run_id
    await world.signal(handle, "confirm", start=start)
    await world.signal(handle, "reschedule-approved", start=moved, initiated_by="support")
    await world.signal(handle, "ask-cancel", reason="Ill.")
    await world.until(handle.describe, lambda it: it.run_id != first)
    await world.signal(handle, "cancel", reason="They asked.")
    await world.until(
        lambda: world.row(wanted.booking_id), lambda row: row.booking.state == "cancelled"
    )
    await world.signal(handle, "cancel", reason="Once more.")
    await world.until(lambda: world.row(wanted.booking_id), lambda row: row.refused == 1)
    gate.set()
    await handle.result()
    return handle


async def swept(world: World) -> Handle:
    """A look for what nobody delivers, which finds a mail that was owed again long ago."""
    _, owed = await _mailed(world)
    long_ago = in_days(-1)
    async with world.engine.begin() as connection:
        await owe_again(connection, owed.id)
        row = update(notices).where(notices.c.id == owed.id)
        await connection.execute(row.values(created_at=long_ago, attempted_at=long_ago))
    handle = await world.client.start_workflow("Sweep", id="sweep", task_queue=world.task_queue)
    await handle.result()
    await world.client.get_workflow_handle(delivery_workflow_id(owed.id)).result()
    return handle


async def _provider_with_mail(world: World) -> tuple[str, str]:
    """A provider who gets mail, and one topic of theirs."""
    provider = await world.provider_with_topic()
    party = Party(role=Role.PROVIDER, id=provider[0])
    async with world.engine.begin() as connection:
        await keep_address(connection, party, "provider@example.org", Source.SERVICE)
    return provider


async def _mailed(world: World) -> tuple[Handle, Owed]:
    """A pending request, and the mail that told its provider of it."""
    provider = await _provider_with_mail(world)
    party = Party(role=Role.PROVIDER, id=provider[0])
    booking_id = (await world.request(provider=provider)).booking_id

    async def sent() -> Owed | None:
        async with world.engine.connect() as connection:
            found = await connection.execute(
                select(notices.c.id, notices.c.kind).where(
                    notices.c.booking_id == booking_id,
                    notices.c.channel == Channel.EMAIL,
                    notices.c.state == NoticeState.SENT,
                )
            )
            row = found.first()
        return row and Owed.to(party, id=row.id, channel=Channel.EMAIL, kind=row.kind)

    return world.booking(booking_id), await world.until(sent, bool)
