"""What operators see in the Temporal UI: a word for every timer, activity and handler; a card."""

from __future__ import annotations

from datetime import timedelta

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from domain.instants import rfc3339
from tests.workflows.wire import metadata
from tests.workflows.world import Handle, World, in_days
from workflows.messages import BOOKING_MESSAGES, STANDING_MESSAGES
from workflows.payloads import data_converter
from workflows.search_attributes import (
    BOOKING_STATE,
    CLOSED_AT,
    LATE_KIND,
    REFUSED,
    SCHEDULED_START,
    STANDING_STATUS,
)

LABELLED = (
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_MARKER_RECORDED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
)


async def _summary(event: HistoryEvent) -> str:
    [text] = await data_converter.decode([event.user_metadata.summary], [str])
    return str(text)


async def _summaries(handle: Handle) -> list[str]:
    history = await handle.fetch_history()
    labelled = [event for event in history.events if event.event_type in LABELLED]
    return [await _summary(event) for event in labelled]


async def test_every_timer_and_activity_has_a_summary(world: World) -> None:
    start = in_days(3)
    booking = await world.confirmed(start)
    handle = world.booking(booking.booking_id)
    await world.update(handle, "ask-cancel", reason="Ill.")
    await world.update(handle, "cancel", reason="They asked.")
    await handle.result()
    assert await _summaries(handle) == [
        "record booking.requested",
        "remind (answer-half-time)",
        "record booking.confirmed, reminder.skipped",
        "remind (session-starts)",
        "record cancellation.asked",
        "record booking.cancelled, late-event.reported",
        "report a late cancellation",
    ]


async def test_every_handler_has_a_description(world: World) -> None:
    booking_id = (await world.request()).booking_id
    standing = await world.start_standing((await world.provider_with_topic())[0])
    for handle, names in (
        (world.booking(booking_id), BOOKING_MESSAGES),
        (standing, STANDING_MESSAGES),
    ):
        shown = (await metadata(handle)).definition
        for handlers in (shown.signal_definitions, shown.update_definitions):
            ours = {each.name: each.description for each in handlers}
            assert names.keys() <= ours.keys()
            assert all(description.endswith(".") for description in ours.values())
        queries = {each.name: each.description for each in shown.query_definitions}
        assert {"timeline"} <= queries.keys()
        assert all(queries[name] for name in queries if not name.startswith("__"))


async def test_the_card_of_a_booking(world: World) -> None:
    start = in_days(20)
    booking = await world.request(start)
    handle = world.booking(booking.booking_id)
    pending = (await metadata(handle)).current_details
    assert pending.startswith("**pending**")
    assert "Waits for: the provider's answer, until " in pending
    assert "Next by itself: remind (answer-half-time) at " in pending

    await world.update(handle, "confirm", start=start)
    await world.signal(handle, "decline", reason="*Bold* | [link](https://example.com)")
    await world.until(lambda: world.timeline(handle), lambda lines: len(lines) == 3)
    confirmed = (await metadata(handle)).current_details
    assert confirmed.startswith(f"**confirmed, {rfc3339(start)}**")
    until = rfc3339(start + timedelta(hours=1))
    assert f"Waits for: the end of the session, until {until}" in confirmed
    assert "Next by itself: remind (late-window-opens) at " in confirmed
    assert "confirm by service signal: Confirmed for" in confirmed
    assert "Refused signals: 1. The newest:" in confirmed
    assert "decline by service signal: `not-pending`" in confirmed


async def test_the_card_of_a_standing(world: World) -> None:
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id)
    await world.update(handle, "suspend", reason="Fraud.")
    card = (await metadata(handle)).current_details
    assert card.startswith("**suspended: 0 late events count**")
    assert "Waits for: proof, or support to reinstate the topics" in card
    assert "Next by itself: nothing" in card
    assert "Topics suspended by support: Fraud." in card


async def test_search_attributes_follow(world: World) -> None:
    start = in_days(3)
    booking = await world.confirmed(start)
    handle = world.booking(booking.booking_id)
    # Refused and carried out in one go: the count is there all the same.
    await world.update(handle, "ask-cancel", reason="Ill.")
    await world.signal(handle, "nonsense")
    await world.signal(handle, "cancel", reason="They asked.")
    await handle.result()
    found = (await handle.describe()).typed_search_attributes
    assert found[BOOKING_STATE] == "cancelled"
    assert found[SCHEDULED_START] == start
    assert rfc3339(found[CLOSED_AT]) == (await handle.query("booking"))["updated_at"]
    assert found[REFUSED] == 1
    assert found[LATE_KIND] == "cancellation"
    standing = world.standing(booking.provider_id)
    described = await world.until(
        standing.describe, lambda it: STANDING_STATUS in it.typed_search_attributes
    )
    assert described.typed_search_attributes[STANDING_STATUS] == "warned"
