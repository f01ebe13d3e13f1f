"""A database that stalls, and operators who cancel: nothing is lost, and nothing done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy import func, select, text
from temporalio.api.enums.v1 import EventType

from db.schema import bookings, events
from tests.workflows.wire import troubles
from tests.workflows.world import Handle, World, in_days
from workflows.snapshot import BookingInput

PATIENT = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED


@asynccontextmanager
async def _locked(world: World, *booking_ids: str) -> AsyncIterator[None]:
    """Nobody can record anything of these bookings; without any, of no booking at all."""
    async with world.engine.begin() as connection:
        if booking_ids:
            rows = select(bookings.c.id).where(bookings.c.id.in_(booking_ids)).with_for_update()
            await connection.execute(rows)
        else:
            await connection.execute(text("LOCK TABLE bookings IN SHARE ROW EXCLUSIVE MODE"))
        yield


async def _waits_patiently(world: World, handle: Handle) -> None:
    """Until the quick attempts have failed, and the recording waits as an ordinary activity."""

    async def scheduled() -> bool:
        history = await handle.fetch_history()
        return any(event.event_type == PATIENT for event in history.events)

    await world.until(scheduled, bool)


async def _times(world: World, booking_id: str, event_type: str) -> int:
    async with world.engine.connect() as connection:
        count = select(func.count()).where(
            events.c.subject_id == booking_id, events.c.type == event_type
        )
        return await connection.scalar(count) or 0


async def test_a_locked_booking_waits_and_the_others_go_on(world: World) -> None:
    start = in_days(9)
    stalled, stopped, free = [await world.request(start) for _ in range(3)]
    handle, cancelled = world.booking(stalled.booking_id), world.booking(stopped.booking_id)
    async with _locked(world, stalled.booking_id, stopped.booking_id):
        waiting: list[asyncio.Task[dict[str, Any]]] = [
            asyncio.create_task(world.update(it, "confirm", start=start))
            for it in (handle, cancelled)
        ]
        # A worker that holds a task for the quick attempts has others for other workflows.
        await world.update(free.booking_id, "confirm", start=start)
        await world.signal(handle, "nonsense")
        await cancelled.cancel()
        await asyncio.gather(_waits_patiently(world, handle), _waits_patiently(world, cancelled))
        await world.update(free.booking_id, "ask-cancel", reason="Ill.")
        assert not any(task.done() for task in waiting)
        row = await world.row(stalled.booking_id)
        assert row is not None
        assert row.booking.state == "pending"
    answers = await asyncio.gather(*waiting)
    assert [answer["state"] for answer in answers] == ["confirmed", "confirmed"]
    for booking, refused in ((stalled, "nonsense"), (stopped, "cancel-workflow")):
        it = world.booking(booking.booking_id)
        await world.until(partial(it.query, "timeline"), lambda found: found["refused"])
        assert (await world.agree(booking.booking_id)).story == ["request", "confirm"]
        assert (await world.timeline(it))[-1]["command"] == refused
        assert await _times(world, booking.booking_id, "booking.confirmed") == 1
        assert await troubles(it) == []


async def test_a_first_recording_waits_and_no_cancellation_interrupts_it(world: World) -> None:
    async with _locked(world):
        # Not by `request`, which waits until it is recorded.
        wanted = await world.wanted()
        handle = await world.start(BookingInput(request=wanted))
        await handle.cancel()
        await _waits_patiently(world, handle)
    booking_id = wanted.booking_id
    lines = await world.until(lambda: world.timeline(handle), _refused)
    assert [line["command"] for line in lines] == ["request", "cancel-workflow"]
    assert lines[1]["code"] == "not-allowed"
    await world.update(booking_id, "decline", reason="No time.")
    assert (await world.agree(booking_id, ended=True)).booking["state"] == "declined"
    assert await troubles(handle) == []


async def test_a_request_to_cancel_a_workflow_is_refused(world: World) -> None:
    start = in_days(9)
    booking_id = (await world.request(start)).booking_id
    standing = await world.start_standing((await world.provider_with_topic())[0])
    for handle in (world.booking(booking_id), standing):
        await handle.cancel()
        lines = await world.until(partial(world.timeline, handle), _refused)
        assert lines[-1]["code"] == "not-allowed"
    await world.update(booking_id, "confirm", start=start)
    assert (await world.agree(booking_id)).story == ["request", "confirm"]
    assert (await world.update(standing, "suspend", reason="Fraud."))["status"] == "suspended"


def _refused(lines: list[dict[str, Any]]) -> bool:
    """Whether a timeline shows a refusal."""
    return any(line["outcome"] == "refused" for line in lines)
