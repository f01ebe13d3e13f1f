"""Whole lives of workflows, of which the histories are kept: every path once.

Those of bookings are here; those of standings, and of what is sent, in files of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import select

from activities.beginning import begin_booking_again
from activities.record_comparer import ComparisonInput
from db.schema import bookings
from domain.instants import rfc3339
from tests.workflows.lives_of_notices import owing, sent_again, swept, told
from tests.workflows.lives_of_standings import contested, folded, proven, standing
from tests.workflows.losing import lost
from tests.workflows.world import Handle, RefusedError, World, in_days


async def completed(world: World) -> Handle:
    """Requested, confirmed, reminded, completed."""
    handle = world.booking((await world.confirmed(in_days(10))).booking_id)
    await world.forward(handle, timedelta(days=11))
    return handle


async def declined(world: World) -> Handle:
    """Requested, declined over scheduling."""
    handle = world.booking((await world.request()).booking_id)
    await world.update(handle, "decline", reason="No time.", over_scheduling=True)
    return handle


async def expired(world: World) -> Handle:
    """Requested, and never answered."""
    handle = world.booking((await world.request()).booking_id)
    await world.forward(handle, timedelta(days=4))
    return handle


async def withdrawn(world: World) -> Handle:
    """Requested, and taken back while it was pending."""
    handle = world.booking((await world.request()).booking_id)
    await world.update(handle, "cancel", reason="No need.")
    return handle


async def cancelled(world: World) -> Handle:
    """Confirmed, and cancelled by the client's own wish."""
    handle = world.booking((await world.confirmed(in_days(9))).booking_id)
    await world.update(handle, "cancel", reason="Ill.")
    return handle


async def begun_again(world: World) -> Handle:
    """Confirmed, lost by Temporal, and begun again where the record ends; then cancelled."""
    wanted = await world.confirmed(in_days(9))
    handle = await lost(world, wanted.booking_id)
    row = await world.row(wanted.booking_id)
    if row is None:
        raise LookupError(wanted.booking_id)
    await begin_booking_again(world.client, world.task_queue, row.booking)
    await world.until(lambda: world.state(wanted.booking_id), bool)
    await world.update(handle, "cancel", reason="Ill.")
    return handle


async def slot_taken(world: World) -> Handle:
    """The provider has another session at that time, which the database alone knows."""
    provider, start = await world.provider_with_topic(), in_days(9)
    await world.confirmed(start, provider)
    handle = world.booking((await world.request(start, provider=provider)).booking_id)
    try:
        await world.update(handle, "confirm", start=start)
    except RefusedError as refused:
        if refused.code != "slot-taken":
            raise
    await world.signal(handle, "confirm", start=rfc3339(start))
    await world.until(lambda: world.timeline(handle), lambda lines: len(lines) == 2)
    await world.update(handle, "decline", reason="Full.", over_scheduling=True)
    return handle


async def claimed(world: World) -> Handle:
    """Cancelled late, by a client who says that the provider asked for it."""
    handle = world.booking((await world.confirmed(in_days(2))).booking_id)
    await world.update(handle, "cancel", reason="They asked.", initiated_by="provider")
    return handle


async def cancelled_late(world: World) -> Handle:
    """Confirmed, asked to cancel within five days, cancelled: reported to the standing."""
    handle = world.booking((await world.confirmed(in_days(3))).booking_id)
    await world.update(handle, "ask-cancel", reason="Ill.")
    await world.signal(handle, "cancel", reason="They asked.")
    await handle.result()
    return handle


async def rescheduled(world: World) -> Handle:
    """A proposal that is accepted, and entered by support."""
    handle = world.booking((await world.confirmed(in_days(20))).booking_id)
    await world.update(handle, "propose-reschedule", starts=[in_days(22)], reason="A trip.")
    await world.update(handle, "answer-reschedule", accept=True)
    await world.update(handle, "reschedule-approved", start=in_days(22))
    await world.forward(handle, timedelta(days=23))
    return handle


async def unsuited(world: World) -> Handle:
    """A late proposal that does not suit the client, who cancels: one late event."""
    handle = world.booking((await world.confirmed(in_days(3))).booking_id)
    await world.update(handle, "propose-reschedule", starts=[in_days(4)], reason="A trip.")
    await world.update(handle, "answer-reschedule", accept=False, cancel=True)
    return handle


async def unsuited_and_asked(world: World) -> Handle:
    """A late proposal, an ask beside it; the client declines, then cancels: one late event."""
    handle = world.booking((await world.confirmed(in_days(3))).booking_id)
    await world.update(handle, "propose-reschedule", starts=[in_days(4)], reason="A trip.")
    await world.update(handle, "ask-cancel", reason="Or cancel.")
    await world.update(handle, "answer-reschedule", accept=False)
    await world.update(handle, "cancel", reason="They asked.")
    return handle


async def entered_twice(world: World) -> Handle:
    """A date that two of support enter, each as the provider's idea: one late event."""
    handle = world.booking((await world.confirmed(in_days(2))).booking_id)
    date = in_days(4)
    for _ in range(2):
        await world.update(handle, "reschedule-approved", start=date, initiated_by="provider")
    await world.update(handle, "cancel", reason="No wish.")
    return handle


async def lapsed(world: World) -> Handle:
    """A proposal that nobody answers, another one declined, and the booking kept."""
    handle = world.booking((await world.confirmed(in_days(20))).booking_id)
    await world.update(handle, "propose-reschedule", starts=[in_days(40)], reason="A trip.")
    await world.forward(handle, timedelta(days=8))
    await world.update(handle, "propose-reschedule", starts=[in_days(40)], reason="A trip.")
    await world.update(handle, "answer-reschedule", accept=False)
    await world.forward(handle, timedelta(days=13))
    return handle


async def refused(world: World) -> Handle:
    """Signals that cannot be carried out, and a request to cancel the workflow."""
    handle = world.booking((await world.request()).booking_id)
    await world.signal(handle, "confirm", 7)
    await world.signal(handle, "confirm", "two", "arguments")
    await world.signal(handle, "nonsense")
    await handle.cancel()
    await world.until(lambda: world.timeline(handle), lambda lines: len(lines) == 5)
    await world.signal(handle, "cancel", reason="No need.", command_id="once")
    await handle.result()
    return handle


async def stalled(world: World) -> Handle:
    """A database that does not answer for longer than the quick attempts last."""
    start = in_days(9)
    wanted = await world.request(start)
    handle = world.booking(wanted.booking_id)
    async with world.engine.begin() as connection:
        row = select(bookings.c.id).where(bookings.c.id == wanted.booking_id).with_for_update()
        await connection.execute(row)
        confirmed = asyncio.create_task(world.update(handle, "confirm", start=start))
        await asyncio.sleep(6)
    await confirmed
    await world.update(handle, "cancel", reason="Ill.")
    return handle


async def continued(world: World) -> Handle:
    """A booking whose histories are as short as can be."""
    wanted = await world.request(in_days(20), history_limit=12)
    handle = world.booking(wanted.booking_id)
    await world.update(handle, "confirm", start=wanted.preferred_starts[0])
    await world.signal(handle, "nonsense")
    await world.update(handle, "ask-cancel", reason="Ill.")
    await world.update(handle, "cancel", reason="They asked.")
    return handle


async def compared(world: World) -> Handle:
    """A comparison of all that lives with the database."""
    handle = await world.client.start_workflow(
        "Comparison", ComparisonInput(), id="comparison", task_queue=world.task_queue
    )
    await handle.result()
    return handle


LIVES: tuple[Callable[[World], Awaitable[Handle]], ...] = (
    completed,
    declined,
    expired,
    withdrawn,
    cancelled,
    begun_again,
    slot_taken,
    claimed,
    cancelled_late,
    rescheduled,
    unsuited,
    unsuited_and_asked,
    entered_twice,
    lapsed,
    refused,
    stalled,
    continued,
    standing,
    folded,
    proven,
    contested,
    told,
    sent_again,
    owing,
    compared,
    swept,
)


def name_of(life: Callable[..., object]) -> str:
    """What the files of a life are called."""
    return life.__name__.replace("_", "-")
