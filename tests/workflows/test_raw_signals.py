"""Nothing malformed sticks or fails a workflow: it is refused, and the refusal is on record."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionDescription

from db.queries.timelines import booking_timeline, standing_timeline
from domain.record import Entry
from tests.workflows.rubbish import GOOD_FIELDS, UNKNOWN_NAMES, rubbish
from tests.workflows.wire import metadata, raw, send_signal, sent, troubles
from tests.workflows.world import Handle, RefusedError, World, in_days
from workflows.messages import BOOKING_MESSAGES, STANDING_MESSAGES
from workflows.search_attributes import REFUSED

CODES = {"malformed", "at-implausible", "unknown-command"}


async def _bombard(world: World, handle: Handle, name: str) -> int:
    """Send everything that can be wrong to one signal of a workflow; how many there were."""
    cases = rubbish(name)
    async with asyncio.TaskGroup() as group:
        for payloads in cases.values():
            group.create_task(send_signal(world.client, handle, name, *payloads))
        for unknown in UNKNOWN_NAMES:
            group.create_task(send_signal(world.client, handle, unknown, sent(GOOD_FIELDS[name])))
    count = len(cases) + len(UNKNOWN_NAMES)
    await world.until(
        lambda: handle.query("timeline"), lambda timeline: timeline["refused"] >= count
    )
    return count


async def _shows(world: World, handle: Handle, count: int, recorded: list[Entry]) -> None:
    """The refusals are listed and counted wherever somebody may look for them."""
    timeline: dict[str, Any] = await handle.query("timeline")
    refused = [item for item in timeline["items"] if item["outcome"] == "refused"]
    assert timeline["refused"] == len(refused) == count
    assert {item["code"] for item in refused} == CODES
    assert [item["seq"] for item in refused] == [
        entry.seq for entry in recorded if entry.outcome == "refused"
    ]
    card = (await metadata(handle)).current_details
    assert f"Refused signals: {count}." in card
    assert "\n# A card" not in card
    attributes = (await handle.describe()).typed_search_attributes
    assert attributes[REFUSED] == count
    assert await troubles(handle) == []


async def _booking_survives(world: World, name: str) -> None:
    start = in_days(20)
    booking_id = (await world.request(start)).booking_id
    handle = world.booking(booking_id)
    count = await _bombard(world, handle, name)

    confirmed = await world.update(booking_id, "confirm", start=start)

    assert confirmed["state"] == "confirmed"
    async with world.engine.connect() as connection:
        recorded = await booking_timeline(connection, booking_id)
    await _shows(world, handle, count, recorded)
    row = await world.row(booking_id)
    assert row is not None
    assert row.refused == count
    assert row.booking.state == "confirmed"


async def _standing_survives(world: World, name: str) -> None:
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id)
    count = await _bombard(world, handle, name)

    suspended = await world.update(handle, "suspend", reason="Fraud.")

    assert suspended["status"] == "suspended"
    async with world.engine.connect() as connection:
        recorded = await standing_timeline(connection, provider_id)
    await _shows(world, handle, count, recorded)


async def test_every_signal_of_a_booking_survives_everything(world: World) -> None:
    assert len(BOOKING_MESSAGES) == 7
    await asyncio.gather(*(_booking_survives(world, name) for name in BOOKING_MESSAGES))


async def test_every_signal_of_a_standing_survives_everything(world: World) -> None:
    assert len(STANDING_MESSAGES) == 7
    await asyncio.gather(*(_standing_survives(world, name) for name in STANDING_MESSAGES))


async def test_a_refusal_names_the_fields(world: World) -> None:
    booking_id = (await world.request()).booking_id
    handle = world.booking(booking_id)
    await world.signal(handle, "decline", reason="", over_scheduling="yes")
    await world.until(lambda: world.timeline(handle), lambda lines: len(lines) > 1)
    line = (await world.timeline(handle))[-1]
    assert line["code"] == "malformed"
    assert [error.partition(":")[0] for error in line["data"]["errors"]] == [
        "reason",
        "over_scheduling",
    ]


async def test_refusals_never_drive_decisions_out_of_sight(world: World) -> None:
    booking_id = (await world.request()).booking_id
    handle = world.booking(booking_id)
    sends = (send_signal(world.client, handle, "confirm", sent(i)) for i in range(150))
    await asyncio.gather(*sends)
    timeline = await world.until(
        lambda: handle.query("timeline"), lambda timeline: timeline["refused"] == 150
    )
    outcomes = [item["outcome"] for item in timeline["items"]]
    assert outcomes.count("refused") == 50
    assert timeline["items"][0]["command"] == "request"
    assert "request by client" in (await metadata(handle)).current_details


def _has_no_task(described: WorkflowExecutionDescription) -> bool:
    return not described.raw_description.HasField("pending_workflow_task")


async def test_malformed_updates_are_answered_and_leave_no_trace(world: World) -> None:
    booking_id = (await world.request()).booking_id
    handle = world.booking(booking_id)
    # The request is on record a moment before the task that has recorded it is over.
    await world.until(handle.describe, _has_no_task)
    events = len((await handle.fetch_history()).events)

    async def refused(name: str, arguments: list[Any]) -> str:
        with pytest.raises(RefusedError) as caught:
            await world.update_raw(handle, name, arguments)
        return caught.value.code

    cases = [raw(*payloads) for payloads in rubbish("confirm").values()]
    codes = await asyncio.gather(*(refused("confirm", case) for case in cases))
    assert set(codes) == {"malformed", "at-implausible"}
    assert codes.count("at-implausible") == 2
    unknown = await asyncio.gather(*(refused(name, raw(sent({}))) for name in UNKNOWN_NAMES))
    assert set(unknown) == {"unknown-command"}
    assert (await handle.query("timeline"))["refused"] == 0
    assert len((await handle.fetch_history()).events) == events
