"""A task whose decision is on record, but which is lost: what is on record has happened.

The activity that records answers late here: first something is made to arrive at the workflow in
the moment in which it wants to end. Temporal then takes the task back, and the workflow decides
again, in another order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.service import RPCError

from config import Settings
from tests.workflows.interruptions import Interruptions, serving
from tests.workflows.world import Handle, World, in_days


@pytest.fixture
async def interrupted(
    world: World, shared_settings: Settings
) -> AsyncIterator[tuple[World, Interruptions]]:
    """The marketplace, served by a worker that is interrupted as planned."""
    plan = Interruptions()
    async with serving(world, shared_settings, plan) as served:
        yield served, plan


async def _took_it_back(handle: Handle) -> bool:
    """Whether Temporal has taken a task back, so that the test has tested something."""
    history = await handle.fetch_history()
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    return any(event.event_type == failed for event in history.events)


async def test_a_recorded_withdrawal_stays_though_a_confirmation_comes_first(
    interrupted: tuple[World, Interruptions],
) -> None:
    world, plan = interrupted
    start = in_days(9)
    booking_id = (await world.request(start)).booking_id
    handle = world.booking(booking_id)
    plan.plan(booking_id, "booking.cancelled", lambda: world.signal(handle, "confirm", start=start))
    # The update is lost together with its task: its caller is told to try again.
    with pytest.raises(RPCError, match="workflow task failure"):
        await world.update(booking_id, "cancel", reason="No need.")
    assert (await handle.result())["state"] == "cancelled"
    assert await _took_it_back(handle)
    await world.agree(booking_id, ended=True)
    lines = [(line["command"], line["code"]) for line in await world.timeline(handle)]
    assert lines == [("request", None), ("cancel", None), ("confirm", "already-closed")]


async def test_a_recorded_expiry_stays_though_an_earlier_command_comes(
    interrupted: tuple[World, Interruptions],
) -> None:
    world, plan = interrupted
    start = in_days(1)
    booking_id = (await world.request(start)).booking_id
    handle = world.booking(booking_id)
    given = start - timedelta(seconds=1)
    plan.plan(
        booking_id,
        "booking.expired",
        lambda: world.signal(handle, "confirm", start=start, at=given),
    )
    await world.forward(handle, timedelta(days=2))
    assert (await handle.result())["state"] == "expired"
    assert await _took_it_back(handle)
    await world.agree(booking_id, ended=True)
    lines = [(line["command"], line["code"]) for line in await world.timeline(handle)]
    assert lines[-2:] == [("expire", None), ("confirm", "already-closed")]


async def test_a_late_cancellation_is_reported_once_and_refusals_are_counted_once(
    interrupted: tuple[World, Interruptions],
) -> None:
    world, plan = interrupted
    booking = await world.confirmed(in_days(3))
    handle = world.booking(booking.booking_id)
    await world.update(handle, "ask-cancel", reason="Ill.")
    plan.plan(booking.booking_id, "booking.cancelled", lambda: world.signal(handle, "nonsense"))
    await world.signal(handle, "rubbish")
    await world.signal(handle, "cancel", reason="They asked.")
    await handle.result()
    assert await _took_it_back(handle)
    await world.agree(booking.booking_id, ended=True)
    timeline = await handle.query("timeline")
    refused = [line["command"] for line in timeline["items"] if line["outcome"] == "refused"]
    assert refused == ["rubbish", "nonsense"]
    assert timeline["refused"] == 2

    standing = world.standing(booking.provider_id)
    found = await world.until_standing(standing, lambda it: it["late_cancellations"])
    assert found["late_cancellations"] == 1
