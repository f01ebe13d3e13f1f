"""A booking whose workflow Temporal has lost goes on where the record ends, once it is repaired.

So it is where Temporal was restored from a copy that is older than the booking, or is a new one.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from temporalio.common import TypedSearchAttributes

from activities.comparing import Comparer
from db.queries.timelines import booking_timeline
from domain.record import Subject
from ops.connections import Stack
from ops.repair import repair
from tests.workflows.losing import lost
from tests.workflows.world import Handle, World, in_days
from workflows.search_attributes import BOOKING_STATE, CLIENT_ID, PROVIDER_ID, SCHEDULED_START
from workflows.snapshot import BookingInput


async def _back(world: World, comparer: Comparer, booking_id: str) -> None:
    finding = await comparer.without_workflow(Subject.BOOKING, booking_id, apply=True)
    assert finding is not None
    assert finding.mended == ("its workflow is unknown to Temporal: nobody keeps its deadlines",)
    # The first task has followed the record, and nothing is decided anew.
    await world.until(
        lambda: comparer.compared(world.booking(booking_id).id, apply=False),
        lambda found: found is None,
    )


async def test_a_lost_booking_goes_on_where_the_record_ends(
    world: World, comparer: Comparer
) -> None:
    pending, confirmed = await asyncio.gather(
        world.request(in_days(9)), world.confirmed(in_days(20))
    )
    await world.update(confirmed.booking_id, "ask-cancel", reason="Ill.")
    for wanted in (pending, confirmed):
        await lost(world, wanted.booking_id)
        await _back(world, comparer, wanted.booking_id)
    [start] = pending.preferred_starts
    await world.update(pending.booking_id, "confirm", start=start)
    await world.update(confirmed.booking_id, "cancel", reason="They asked.")
    story = (await world.agree(pending.booking_id)).story
    assert story == ["request", "confirm"]
    story = (await world.agree(confirmed.booking_id, ended=True)).story
    assert story == ["request", "confirm", "ask-cancel", "cancel"]


async def test_a_lost_booking_is_found_by_its_attributes_and_keeps_its_deadlines(
    world: World, comparer: Comparer
) -> None:
    start = in_days(2)
    wanted = await world.confirmed(start)
    handle = await lost(world, wanted.booking_id)
    await _back(world, comparer, wanted.booking_id)
    found = await world.until(
        lambda: _attributes(handle), lambda found: found.get(PROVIDER_ID) is not None
    )
    assert found[BOOKING_STATE] == "confirmed"
    assert found[SCHEDULED_START] == start
    assert (found[PROVIDER_ID], found[CLIENT_ID]) == (wanted.provider_id, wanted.client_id)
    await world.forward(handle, timedelta(days=3))
    assert (await world.agree(wanted.booking_id, ended=True)).booking["state"] == "completed"


async def _attributes(handle: Handle) -> TypedSearchAttributes:
    return (await handle.describe()).typed_search_attributes


async def test_the_times_that_were_asked_for_may_have_passed_meanwhile(world: World) -> None:
    wanted = await world.confirmed(in_days(9))
    await lost(world, wanted.booking_id)
    passed = replace(wanted, preferred_starts=(in_days(-1),))
    await world.start(BookingInput(request=passed, again=True))
    await world.until(lambda: world.state(wanted.booking_id), bool)
    assert (await world.agree(wanted.booking_id)).story == ["request", "confirm"]


async def test_whoever_asks_about_one_lost_booking_is_told(world: World, stack: Stack) -> None:
    booking_id = (await world.request()).booking_id
    await lost(world, booking_id)
    said: list[str] = []
    assert not await repair(stack, said.append, apply=False, as_json=False, booking=booking_id)
    assert said[0].endswith("its workflow is unknown to Temporal: nobody keeps its deadlines")
    assert await repair(stack, said.append, apply=True, as_json=False, booking=booking_id)
    handle = world.booking(booking_id)
    await handle.terminate()
    assert not await repair(stack, said.append, apply=True, as_json=False, booking=booking_id)
    async with world.engine.connect() as conn:
        assert [line.command for line in await booking_timeline(conn, booking_id)] == ["request"]
