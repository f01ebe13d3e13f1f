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


async def test_an_answer_says_what_its_asker_may_do_next(world: World) -> None:
    start = in_days(3)
    booking = await world.request(start)
    provider = {"role": "provider", "id": booking.provider_id}
    of_service = ["ask-cancel", "cancel", "propose-reschedule", "reschedule-approved"]

    confirmed = await world.update(booking.booking_id, "confirm", start=start, by=provider)
    assert confirmed["allowed_actions"] == ["ask-cancel", "propose-reschedule"]
    found = await world.state(booking.booking_id)
    assert found is not None
    assert found["allowed_actions"] == of_service
    asked = await world.update(booking.booking_id, "ask-cancel", reason="Ill.")
    assert asked["allowed_actions"] == of_service[1:]


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
