"""Promises about time, kept by the real server: on time, and after the worker was down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest

from config import Settings
from db.ids import new_id
from domain.booking.decide import NewRequest
from tests.workflows.world import Handle, World, in_days, now
from worker import build_worker
from workflows import decision_loop
from workflows.snapshot import BookingInput

Serving = Callable[[], AbstractAsyncContextManager[None]]
SECOND = timedelta(seconds=1)


def _served(world: World, settings: Settings) -> tuple[World, Serving]:
    """A marketplace whose worker comes and goes."""
    own = replace(world, task_queue=f"sometimes-{new_id()}")
    queue = {"task_queue": own.task_queue}

    @asynccontextmanager
    async def serving() -> AsyncIterator[None]:
        async with build_worker(own.client, own.engine, settings.model_copy(update=queue)):
            yield

    return own, serving


async def _until(moment: datetime) -> None:
    await asyncio.sleep((moment - now()).total_seconds() + 1)


async def _happened(world: World, handle: Handle) -> list[str]:
    lines = await world.timeline(handle)
    return [event for line in lines for event in line["data"].get("events", ())]


async def _late(world: World, handle: Handle) -> bool:
    line = (await world.timeline(handle))[-1]
    late: bool = line["data"]["receipt"]["late"]
    return late


@pytest.mark.parametrize("command", ["ask-cancel", "propose-reschedule"])
async def test_five_days_are_late_and_a_second_more_is_not(world: World, command: str) -> None:
    start = now() + timedelta(days=5, minutes=10)
    edge = start - timedelta(days=5)
    east = timezone(timedelta(hours=9))
    fields: dict[str, Any] = {"reason": "A trip."}
    if command == "propose-reschedule":
        fields["starts"] = [in_days(30)]

    async def judged(given: datetime) -> tuple[bool, int]:
        handle = world.booking((await world.confirmed(start)).booking_id)
        await world.forward(handle, timedelta(minutes=30))
        # Told by a service, in an offset of its own.
        await world.signal(handle, command, at=given.astimezone(east).isoformat(), **fields)
        lines = await world.until(
            lambda: world.timeline(handle), lambda lines: lines[-1]["command"] == command
        )
        receipt = lines[-1]["data"]["receipt"]
        return receipt["late"], receipt["margin_seconds"]

    before, at_the_edge = await asyncio.gather(judged(edge - SECOND), judged(edge))
    assert before == (False, 432_001)
    assert at_the_edge == (True, 432_000)


async def _just_in_time(
    world: World, serving: Serving
) -> tuple[datetime, datetime, list[NewRequest]]:
    """Four requests for soon, two sessions five days later, and an instant after the worker's end.

    Soon is as soon as this machine is done with them: it is waited for.
    """
    for seconds in (6, 12, 24, 48):
        soon = now() + timedelta(seconds=seconds)
        asked = [world.request(soon) for _ in range(4)]
        asked += [world.confirmed(soon + timedelta(days=5)) for _ in range(2)]
        async with serving():
            # A request that comes when its time has passed never begins.
            made = [asyncio.create_task(each) for each in asked]
            _, missing = await asyncio.wait(made, timeout=seconds)
            for each in missing:
                each.cancel()
            await asyncio.gather(*missing, return_exceptions=True)
        given = now()
        if not missing and given < soon - SECOND:
            return soon, given, [each.result() for each in made]
    raise AssertionError("the machine is too slow for this test")


async def test_what_was_given_while_no_worker_was_about(
    world: World, shared_settings: Settings
) -> None:
    world, serving = _served(world, shared_settings)
    soon, given, bookings = await _just_in_time(world, serving)
    in_time, second, silent, too_late, asking, twice = bookings
    # It does not say when, and is judged by when it is heard: no reason to let the other expire.
    await world.signal(world.booking(second.booking_id), "decline", reason="Ill.")
    for booking, at in (
        *((each, {"at": given}) for each in (in_time, second)),
        (silent, {}),
        (too_late, {"at": soon + SECOND}),
    ):
        handle = world.booking(booking.booking_id)
        await world.signal(handle, "confirm", start=soon, **at)
    ask = {"reason": "Ill.", "at": given}
    await world.signal(world.booking(asking.booking_id), "ask-cancel", **ask)
    for _ in range(2):
        handle = world.booking(twice.booking_id)
        await world.signal(handle, "ask-cancel", command_id="once", **ask)
    await _until(soon)

    async with serving():
        for booking in (in_time, second):
            confirmed = await world.until(
                # Not by its row, which is written before the workflow goes on from there.
                partial(world.state, booking.booking_id),
                lambda it: it["state"] != "pending",
            )
            assert confirmed["state"] == "confirmed"
            # The reminder of half time was due before the command was given, or after it: no
            # matter.
            assert (await world.agree(booking.booking_id)).story == ["request", "confirm"]
        for booking in (silent, too_late):
            agreed = await world.agree(booking.booking_id, ended=True)
            assert agreed.story == ["request", "expire"]
            last = (await world.timeline(world.booking(booking.booking_id)))[-1]
            assert last["code"] == "already-closed"
        for booking in (asking, twice):
            handle = world.booking(booking.booking_id)
            await world.until(partial(world.timeline, handle), lambda lines: len(lines) > 2)
            assert not await _late(world, handle)
            agreed = await world.agree(booking.booking_id)
            assert agreed.story == ["request", "confirm", "ask-cancel"]


async def test_clocks_that_differ_do_not_put_an_answer_before_what_it_answers(
    world: World, shared_settings: Settings
) -> None:
    world, serving = _served(world, shared_settings)
    async with serving():
        booking = await world.confirmed(in_days(2))
    handle, asked = world.booking(booking.booking_id), now()
    await world.signal(handle, "ask-cancel", reason="Ill.", at=asked)
    lags_behind = asked - timedelta(minutes=10)
    client = {"role": "client", "id": booking.client_id}
    await world.signal(handle, "cancel", reason="As asked.", by=client, at=lags_behind)

    async with serving():
        agreed = await world.agree(booking.booking_id, ended=True)
    assert agreed.story == ["request", "confirm", "ask-cancel", "cancel"]
    assert agreed.booking["cancellation"]["fault"] == "provider"


async def test_a_request_is_dated_by_its_making(world: World, shared_settings: Settings) -> None:
    world, serving = _served(world, shared_settings)
    wanted = await world.wanted()
    await world.start(BookingInput(request=wanted))
    made = datetime.now(UTC)
    # Whoever dated it by its first task would date it later.
    async with serving():
        row = await world.until(
            lambda: world.row(wanted.booking_id), lambda found: found is not None
        )
    assert row.booking.created_at <= made


async def test_nobody_answers_a_request(world: World) -> None:
    booking_id = (await world.request()).booking_id
    handle = world.booking(booking_id)
    await world.forward(handle, timedelta(hours=71, minutes=59))
    assert (await world.agree(booking_id)).booking["state"] == "pending"
    await world.forward(handle, timedelta(minutes=2))
    agreed = await world.agree(booking_id, ended=True)
    assert agreed.booking["state"] == "expired"
    assert await _happened(world, handle) == [
        "booking.requested",
        "reminder.sent",
        "reminder.sent",
        "booking.expired",
    ]


async def test_reminders_that_are_past_are_skipped_and_the_others_sent(world: World) -> None:
    handle = world.booking((await world.confirmed(now() + timedelta(hours=2))).booking_id)
    await world.forward(handle, timedelta(hours=4))
    await handle.result()
    happened = await _happened(world, handle)
    assert happened[happened.index("booking.confirmed") + 1 :] == [
        "reminder.skipped",
        "reminder.skipped",
        "reminder.sent",
        "booking.completed",
    ]


async def test_a_proposal_lapses(world: World) -> None:
    async def lapses(days: float, after: timedelta) -> None:
        handle = world.booking((await world.confirmed(in_days(days))).booking_id)
        await world.update(handle, "propose-reschedule", starts=[in_days(40)], reason="A trip.")
        await world.forward(handle, after - timedelta(minutes=1))
        assert "reschedule.lapsed" not in await _happened(world, handle)
        await world.forward(handle, timedelta(minutes=2))
        assert "reschedule.lapsed" in await _happened(world, handle)
        booking: dict[str, Any] = await handle.query("booking")
        assert booking["reschedule"] is None
        assert booking["state"] == "confirmed"

    await asyncio.gather(
        lapses(20, timedelta(days=7)),
        # At the scheduled start, where that is sooner.
        lapses(3, timedelta(days=3)),
    )


async def test_of_many_that_are_refused_together_no_task_judges_all(
    world: World, shared_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision_loop, "AT_ONCE", 4)
    own, serving = _served(world, shared_settings)
    wanted = await own.wanted()
    handle = await own.start(BookingInput(request=wanted))
    for _ in range(10):
        await own.signal(handle, "ask-cancel", reason="Ill.")
    async with serving():
        await own.until(
            lambda: own.row(wanted.booking_id), lambda row: row is not None and row.refused == 10
        )
    timers = [
        event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
        async for event in handle.fetch_history_events()
        if event.HasField("timer_started_event_attributes")
    ]
    assert timers.count(decision_loop.BREATH) == 2
