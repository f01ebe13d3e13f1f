"""The `temporal` command alone: what anybody with access to the server can do, and cannot."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus

from db.ids import new_id
from domain.booking.decide import NewRequest
from domain.instants import rfc3339
from tests.workflows.command_line import CommandLine
from tests.workflows.world import World, in_days, now


@pytest.fixture
def command_line(world: World) -> CommandLine:
    return CommandLine(world=world)


async def _becomes(world: World, booking_id: str, state: str) -> dict[str, Any]:
    found: dict[str, Any] = await world.until(
        lambda: world.state(booking_id), lambda booking: booking["state"] == state
    )
    return found


async def test_a_signal_confirms(world: World, command_line: CommandLine) -> None:
    start = in_days(3)
    booking = await world.request(start)
    await command_line.signal(booking.booking_id, "confirm", start=rfc3339(start))
    confirmed = await _becomes(world, booking.booking_id, "confirmed")
    assert confirmed["scheduled_start"] == rfc3339(start)


async def test_signals_decline_and_cancel(world: World, command_line: CommandLine) -> None:
    declined, withdrawn, cancelled = await asyncio.gather(
        world.request(), world.request(), world.confirmed(in_days(9))
    )
    await asyncio.gather(
        command_line.signal(declined.booking_id, "decline", reason="No time."),
        command_line.signal(withdrawn.booking_id, "cancel", reason="No need."),
        command_line.signal(cancelled.booking_id, "cancel", reason="Ill."),
    )
    await _becomes(world, declined.booking_id, "declined")
    await _becomes(world, withdrawn.booking_id, "cancelled")
    booking = await _becomes(world, cancelled.booking_id, "cancelled")
    assert booking["cancellation"]["fault"] == "client"


async def test_signals_carry_a_reschedule_through(world: World, command_line: CommandLine) -> None:
    booking_id = (await world.confirmed(in_days(20))).booking_id
    new = in_days(25)
    await command_line.signal(
        booking_id, "propose-reschedule", starts=[rfc3339(new)], reason="A trip."
    )
    await command_line.signal(booking_id, "answer-reschedule", accept=True)
    await command_line.signal(booking_id, "reschedule-approved", start=rfc3339(new))
    amended = await world.until(
        lambda: world.state(booking_id), lambda it: it["scheduled_start"] == rfc3339(new)
    )
    assert amended["state"] == "confirmed"
    assert amended["reschedule"] is None


async def test_an_illegal_signal_is_put_on_record(world: World, command_line: CommandLine) -> None:
    booking = await world.request(in_days(3))
    handle = world.booking(booking.booking_id)
    await command_line.signal(booking.booking_id, "reschedule-approved", start=rfc3339(in_days(4)))
    lines = await world.until(lambda: world.timeline(handle), lambda lines: len(lines) == 2)
    assert lines[-1]["code"] == "not-confirmed"
    assert (await world.state(booking.booking_id) or {})["state"] == "pending"


async def test_a_first_late_event_begins_a_standing(
    world: World, command_line: CommandLine
) -> None:
    provider_id = f"provider-{new_id()}"
    for _ in range(2):
        await command_line.report(
            provider_id,
            id="call-4711",
            booking_id="4711",
            kind="cancellation",
            scheduled_start=rfc3339(in_days(1)),
            initiated_at=rfc3339(in_days(-1)),
        )
    handle = world.standing(provider_id)
    standing = await world.until_standing(handle, lambda it: it["late_cancellations"] == 1)
    assert standing["status"] == "warned"
    assert standing["events_in_all"] == 1


async def test_nothing_illegal_can_be_started(world: World, command_line: CommandLine) -> None:
    provider_id, topic_id = await world.provider_with_topic()
    _, other_topic = await world.provider_with_topic()
    suspended_id, suspended_topic = await world.provider_with_topic()
    await world.update(await world.start_standing(suspended_id), "suspend", reason="Fraud.")

    def request(**fields: Any) -> dict[str, Any]:
        good = {
            "booking_id": new_id(),
            "topic_id": topic_id,
            "provider_id": provider_id,
            "client_id": "client-1",
            "preferred_starts": [rfc3339(in_days(3))],
            "duration_minutes": 60,
        }
        return {**good, **fields}

    legal = request()
    suspended = request(topic_id=suspended_topic, provider_id=suspended_id)
    past = request(preferred_starts=[rfc3339(now() - timedelta(hours=1))])
    for each in (legal, suspended, past):
        starts = tuple(datetime.fromisoformat(start) for start in each["preferred_starts"])
        await world.ask(NewRequest(**{**each, "preferred_starts": starts}))
    illegal = (
        request(topic_id=new_id()),
        request(topic_id=other_topic),
        request(),  # nobody has asked for it
        {**legal, "booking_id": new_id(), "client_id": "client-2"},
        suspended,
        past,
        request(preferred_starts="soon"),
    )
    await asyncio.gather(
        *(command_line.start({"request": each}, each["booking_id"]) for each in (legal, *illegal))
    )
    await world.until(lambda: world.row(legal["booking_id"]), lambda row: row is not None)
    for each in illegal:
        handle = world.booking(each["booking_id"])
        described = await world.until(
            handle.describe, lambda it: it.status is not WorkflowExecutionStatus.RUNNING
        )
        assert described.status is WorkflowExecutionStatus.FAILED
        assert await world.row(each["booking_id"]) is None
