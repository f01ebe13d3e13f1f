"""One booking on the real server: from the request to its end."""

from __future__ import annotations

from datetime import timedelta

from temporalio.api.enums.v1 import EventType

from tests.workflows.world import World, in_days

MOST_EVENTS = 34
"""What a booking's whole life may cost, by update, with two reminders and no external channel."""

_OF_THE_TEST = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
)
"""Events by which this test moves the clock; nobody does that in production."""


async def test_requested_confirmed_reminded_completed(world: World) -> None:
    start = in_days(3)
    booking = await world.request(start)
    handle = world.booking(booking.booking_id)

    confirmed = await world.update(booking.booking_id, "confirm", start=start)
    assert confirmed["state"] == "confirmed"

    await world.forward(handle, timedelta(days=4))
    assert (await handle.result())["state"] == "completed"
    history = await handle.fetch_history()
    ours = [event for event in history.events if event.event_type not in _OF_THE_TEST]
    assert len(ours) <= MOST_EVENTS
