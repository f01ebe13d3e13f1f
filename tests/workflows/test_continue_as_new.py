"""A history that has grown too long is continued in a new one, and nothing is lost with it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType

from db.queries.late_events import list_late_events
from tests.workflows.wire import troubles
from tests.workflows.world import Handle, World, in_days, now, together
from workflows.search_attributes import BOOKING_STATE, PROVIDER_ID

EVENTS = 150
WAVE = 50
LIMIT = 60


async def _runs(world: World, handle: Handle) -> int:
    """How many histories a workflow has had."""
    count, run_id = 1, (await handle.describe()).run_id
    while True:
        history = await world.client.get_workflow_handle(handle.id, run_id=run_id).fetch_history()
        first = history.events[0].workflow_execution_started_event_attributes
        if not first.continued_execution_run_id:
            return count
        count, run_id = count + 1, first.continued_execution_run_id


def _late_event(number: int) -> dict[str, Any]:
    return {
        "id": f"event-{number}",
        "booking_id": f"booking-{number}",
        "kind": ("cancellation", "reschedule")[number % 2],
        "scheduled_start": in_days(2),
        "initiated_at": now() - timedelta(seconds=number),
    }


async def test_a_standing_neither_loses_an_event_nor_counts_one_twice(world: World) -> None:
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id, history_limit=LIMIT)
    # Every third comes twice; some with an id of the command's own, most without.
    for first in range(0, EVENTS, WAVE):
        wave = [*range(first, first + WAVE), *range(0, first + WAVE, 3)]
        await together(
            world.signal(
                handle,
                "late-event",
                **_late_event(number),
                **({"command_id": f"command-{number}"} if number % 5 == 0 else {}),
            )
            for number in wave
        )
        # Answered once all that came before it is decided.
        await world.update(handle, "late-event", **_late_event(first))
    answered = await world.update(handle, "suspend", reason="Enough.", command_id="the-end")
    assert answered["status"] == "suspended"
    found = await world.until_standing(
        handle,
        lambda it: it["late_cancellations"] + it["late_reschedules"] == EVENTS,
    )
    assert found["late_cancellations"] == EVENTS / 2
    async with world.engine.connect() as connection:
        recorded = await list_late_events(connection, provider_id, limit=2 * EVENTS)
    ids = [row.event.id for row in recorded]
    assert sorted(ids) == sorted(f"event-{number}" for number in range(EVENTS))
    assert all(row.counts for row in recorded)
    assert await _runs(world, handle) > 3
    assert await troubles(handle) == []
    # What was given before the last history is remembered in it.
    await world.update(handle, "suspend", reason="Enough.", command_id="the-end")


async def test_a_booking_goes_on_in_the_middle_of_its_life(world: World) -> None:
    start, moved = in_days(20), in_days(30)
    booking = await world.request(start, history_limit=12)
    handle = world.booking(booking.booking_id)
    by = {"role": "client", "id": "client-1"}
    await world.update(handle, "confirm", start=start)
    for number in range(3):
        propose = {"starts": [moved], "reason": f"Trip {number}."}
        await world.update(handle, "propose-reschedule", **propose)
        await world.update(handle, "answer-reschedule", accept=False, by=by)
    await world.signal(handle, "nonsense")
    await world.until(lambda: handle.query("timeline"), lambda it: it["refused"] == 1)
    await world.update(handle, "propose-reschedule", starts=[moved], reason="At last.")
    await world.update(handle, "answer-reschedule", accept=True, by=by)
    await world.update(handle, "reschedule-approved", start=moved)
    assert await _runs(world, handle) > 3
    await world.agree(booking.booking_id)
    attributes = (await handle.describe()).typed_search_attributes
    assert attributes[BOOKING_STATE] == "confirmed"
    assert attributes[PROVIDER_ID] == booking.provider_id

    await world.forward(handle, timedelta(days=32))
    agreed = await world.agree(booking.booking_id, ended=True)
    assert agreed.booking["state"] == "completed"


async def test_commands_are_not_lost_while_a_history_ends(world: World) -> None:
    """Signals and updates fall upon a booking whose histories are as short as can be."""
    start = in_days(20)
    booking = await world.request(start, history_limit=10)
    handle = world.booking(booking.booking_id)
    await world.update(handle, "confirm", start=start)

    async def ask_and_answer(number: int) -> None:
        await world.signal(handle, f"nonsense-{number}")

    await asyncio.gather(*(ask_and_answer(number) for number in range(60)))
    asked = await world.update(handle, "ask-cancel", reason="Ill.")
    assert asked["cancellation"]["status"] == "asked"
    timeline = await world.until(lambda: handle.query("timeline"), lambda it: it["refused"] == 60)
    assert timeline["refused"] == 60
    await world.update(handle, "cancel", reason="They asked.")
    agreed = await world.agree(booking.booking_id, ended=True)
    assert agreed.story == ["request", "confirm", "ask-cancel", "cancel"]
    history = await handle.fetch_history()
    completed = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
    assert history.events[-1].event_type == completed
