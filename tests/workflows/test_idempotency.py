"""A command that is given twice is carried out once, whichever way it comes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.world import RefusedError, World, in_days, now

PROVIDER = {"role": "service", "id": "portal"}


async def test_twice_by_any_two_ways(world: World) -> None:
    start = in_days(9)
    fields: dict[str, Any] = {"start": start, "command_id": "c-1", "by": PROVIDER}

    async def carried_out_once(*ways: str) -> None:
        booking_id = (await world.request(start)).booking_id
        handle = world.booking(booking_id)
        for way in ways:
            if way == "signal":
                await world.signal(handle, "confirm", **fields)
            else:
                assert (await world.update(handle, "confirm", **fields))["state"] == "confirmed"
        await world.until(lambda: world.state(booking_id), lambda it: it["state"] == "confirmed")
        agreed = await world.agree(booking_id)
        assert agreed.story == ["request", "confirm"]
        assert (await handle.query("timeline"))["refused"] == 0

    await asyncio.gather(
        carried_out_once("signal", "update"),
        carried_out_once("update", "signal"),
        carried_out_once("update", "update"),
        carried_out_once("signal", "signal"),
    )


async def test_twice_at_the_same_time(world: World) -> None:
    start = in_days(9)
    booking_id = (await world.request(start)).booking_id
    answers = await asyncio.gather(
        *(world.update(booking_id, "confirm", start=start, command_id="c-1") for _ in range(5))
    )
    assert all(answer == answers[0] for answer in answers)
    assert (await world.agree(booking_id)).story == ["request", "confirm"]


async def test_without_an_id_a_second_command_is_another_one(world: World) -> None:
    start = in_days(9)
    booking_id = (await world.request(start)).booking_id
    await world.update(booking_id, "confirm", start=start)
    with pytest.raises(RefusedError) as caught:
        await world.update(booking_id, "confirm", start=start)
    assert caught.value.code == "not-pending"


async def test_the_same_id_of_two_people_is_two_commands(world: World) -> None:
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id)

    async def suspend(support_id: str) -> dict[str, Any]:
        by = {"role": "support", "id": support_id}
        return await world.update(handle, "suspend", reason="Fraud.", by=by, command_id="1")

    assert await suspend("one") == await suspend("one")
    with pytest.raises(RefusedError) as caught:
        await suspend("two")
    assert caught.value.code == "already-suspended"


async def test_a_refused_command_is_refused_again(world: World) -> None:
    start = in_days(9)
    booking_id = (await world.request(start)).booking_id
    handle = world.booking(booking_id)
    wrong: dict[str, Any] = {"start": in_days(8), "command_id": "c-1"}
    await world.signal(handle, "confirm", **wrong)
    for _ in range(2):
        with pytest.raises(RefusedError) as caught:
            await world.update(handle, "confirm", **wrong)
        assert caught.value.code == "not-preferred"
    lines = await world.timeline(handle)
    assert [line["code"] for line in lines] == [None, "not-preferred"]


async def test_a_taken_slot_is_remembered_by_the_command_that_wanted_it(world: World) -> None:
    provider = await world.provider_with_topic()
    start = in_days(9)
    first = await world.confirmed(start, provider)
    second = await world.request(start, provider=provider)

    async def confirm() -> str:
        with pytest.raises(RefusedError) as caught:
            await world.update(second.booking_id, "confirm", start=start, command_id="c-1")
        return caught.value.code

    assert await confirm() == "slot-taken"
    await world.update(first.booking_id, "cancel", reason="Ill.")
    # A repetition is answered as it was; a new command is judged anew.
    assert await confirm() == "slot-taken"
    answer = await world.update(second.booking_id, "confirm", start=start, command_id="c-2")
    assert answer["state"] == "confirmed"
    await world.agree(second.booking_id)


async def test_a_late_event_that_is_reported_twice_counts_once(world: World) -> None:
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id)
    event: dict[str, Any] = {
        "id": "event-1",
        "booking_id": "booking-1",
        "kind": "cancellation",
        "scheduled_start": in_days(2),
        "initiated_at": now() - timedelta(hours=1),
    }
    for command_id in ("a", "b", "a", None):
        await world.signal(handle, "late-event", **event, command_id=command_id)
    answer = await world.update(handle, "late-event", **event)
    assert answer["late_cancellations"] == 1
    assert len(await world.timeline(handle)) == 1
