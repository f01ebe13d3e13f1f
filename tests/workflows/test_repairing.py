"""What was altered or deleted of bookings is found, and recorded again from the workflows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Table, delete, select, text, update

from activities.comparing import Comparer
from db.queries.topics import TopicStatus, get_topic
from db.schema import (
    booking_intents,
    bookings,
    decisions,
    events,
    late_events,
    messages,
    notices,
    topics,
)
from domain.booking.decide import NewRequest
from domain.record import Subject
from tests.workflows.by_hand import by_hand, found_by
from tests.workflows.test_broken_database import _has_turned_patient, _without_timelines
from tests.workflows.world import World, in_days

EVERYTHING = (late_events, messages, notices, events, decisions, bookings)
HIDDEN = {"id", "feed_seq", "created_at", "conversation_id"}


async def _cancelled_late(world: World) -> NewRequest:
    """A booking with all that a booking can leave behind."""
    start = in_days(3)
    wanted = await world.confirmed(start)
    handle = world.booking(wanted.booking_id)
    await world.signal(handle, "nonsense")
    by = {"role": "client", "id": "client-1"}
    await world.update(handle, "ask-cancel", reason="Ill.")
    await world.update(handle, "cancel", reason="They asked.", by=by)
    await handle.result()
    return wanted


async def _confirmed(world: World) -> NewRequest:
    wanted = await world.confirmed(in_days(9))
    await world.signal(world.booking(wanted.booking_id), "decline", reason="Never mind.")
    handle = world.booking(wanted.booking_id)
    await world.until(lambda: world.timeline(handle), lambda lines: len(lines) == 3)
    return wanted


async def _rows(world: World, booking_id: str) -> dict[str, list[str]]:
    """Everything on record of a booking, but for what a new row gets anew."""
    found: dict[str, list[str]] = {}
    async with world.engine.connect() as conn:
        for table in EVERYTHING:
            rows = await conn.execute(select(table).where(_about(table, booking_id)))
            found[table.name] = sorted(
                str({name: value for name, value in row._mapping.items() if name not in HIDDEN})
                for row in rows
            )
    return found


def _about(table: Table, booking_id: str) -> Any:
    if table is bookings:
        return table.c.id == booking_id
    if table is messages:
        return table.c.source.like(f"{booking_id}/%")
    if table in (decisions, events):
        return table.c.subject_id == booking_id
    return table.c.booking_id == booking_id


async def test_nothing_is_found_where_nothing_differs(world: World, comparer: Comparer) -> None:
    cancelled, confirmed = await asyncio.gather(_cancelled_late(world), _confirmed(world))
    pending = await world.request()
    standing = world.standing(cancelled.provider_id)
    await world.until_standing(standing, lambda it: it["status"] == "warned")
    for each in (cancelled, confirmed, pending):
        handle = world.booking(each.booking_id)
        assert await comparer.compared(handle.id, apply=True) is None
    assert await comparer.compared(standing.id, apply=True) is None


@pytest.mark.parametrize("make", [_cancelled_late, _confirmed], ids=["closed", "live"])
async def test_a_deleted_booking_comes_back_whole(
    world: World, comparer: Comparer, make: Callable[[World], Awaitable[NewRequest]]
) -> None:
    booking_id = (await make(world)).booking_id
    handle = world.booking(booking_id)
    before = await _rows(world, booking_id)
    await by_hand(world, *(delete(table).where(_about(table, booking_id)) for table in EVERYTHING))

    looked = await found_by(comparer, handle)
    assert "bookings: the booking is missing" in looked.differs
    assert (await _rows(world, booking_id))["bookings"] == []

    done = await found_by(comparer, handle, apply=True)
    assert done.mended == looked.differs
    assert done.differs == ()
    assert done.remark is not None
    assert "lost" in done.remark
    assert await _rows(world, booking_id) == before
    assert await comparer.compared(handle.id, apply=False) is None


async def test_what_ended_is_told_once_though_it_is_open_by_the_record(
    world: World, comparer: Comparer
) -> None:
    """The round has come by it already, among the bookings that have ended."""
    booking_id = (await _cancelled_late(world)).booking_id
    row = update(bookings).where(bookings.c.id == booking_id)
    await by_hand(world, row.values(state="pending"))
    look = partial(comparer.without_workflow, Subject.BOOKING, booking_id, apply=False)
    assert await look() is not None
    assert await look(ended_before=in_days(1)) is not None
    assert await look(ended_before=in_days(-1)) is None


async def test_a_booking_comes_back_whose_topic_is_gone_too(
    world: World, comparer: Comparer
) -> None:
    """Both are younger than the copy that the database was restored from."""
    wanted = await _confirmed(world)
    handle = world.booking(wanted.booking_id)
    await by_hand(
        world,
        *(delete(table).where(_about(table, wanted.booking_id)) for table in EVERYTHING),
        delete(booking_intents).where(booking_intents.c.booking_id == wanted.booking_id),
        delete(topics).where(topics.c.id == wanted.topic_id),
    )
    done = await found_by(comparer, handle, apply=True)
    assert done.differs == ()
    assert "topic" in (done.remark or "")
    async with world.engine.connect() as conn:
        topic = await get_topic(conn, wanted.topic_id)
    assert topic is not None
    assert (topic.provider_id, topic.duration_minutes) == (wanted.provider_id, 60)
    assert topic.status is TopicStatus.PAUSED
    await world.update(handle, "ask-cancel", reason="Ill.")


async def test_an_altered_row_is_found_and_mended(world: World, comparer: Comparer) -> None:
    booking_id = (await _confirmed(world)).booking_id
    handle = world.booking(booking_id)
    before = await _rows(world, booking_id)
    document = text(
        """UPDATE bookings SET document = jsonb_set(document, '{duration_minutes}', '30'),
                               state = 'pending', during = NULL, recording = 40
            WHERE id = :id"""
    ).bindparams(id=booking_id)
    line = decisions.c.subject_id == booking_id
    await by_hand(
        world,
        document,
        update(decisions).where(line, decisions.c.seq == 2).values(by_id="somebody-else"),
        update(events)
        .where(events.c.subject_id == booking_id, events.c.seq == 1)
        .values(data={"type": "booking.requested"}),
    )
    looked = await found_by(comparer, handle)
    assert [line.split(":")[0] for line in looked.differs] == ["bookings", "decisions", "events"]
    assert "state is pending, not confirmed" in looked.differs[0]
    assert "recording is 40, not" in looked.differs[0]
    assert "document is duration_minutes: 30, not 60" in looked.differs[0]
    assert looked.differs[1] == "decisions: of line 2, by_id is somebody-else, not signal"

    done = await found_by(comparer, handle, apply=True)
    assert done.mended == looked.differs
    assert await _rows(world, booking_id) == before
    # The workflow goes on where it was.
    answer = await world.update(handle, "ask-cancel", reason="Ill.")
    assert answer["cancellation"]["status"] == "asked"
    assert await comparer.compared(handle.id, apply=False) is None


async def test_what_people_wrote_is_not_printed(world: World, comparer: Comparer) -> None:
    booking_id = (await world.request()).booking_id
    note = text(
        """UPDATE bookings SET document = jsonb_set(document, '{note}', '"Wombat"')
            WHERE id = :id"""
    )
    await by_hand(world, note.bindparams(id=booking_id))
    looked = await found_by(comparer, world.booking(booking_id), apply=True)
    assert looked.mended == (
        "bookings: of the booking, document is note: other words, not those that were decided on",
    )


async def test_deleted_and_invented_lines_and_events(world: World, comparer: Comparer) -> None:
    booking_id = (await _confirmed(world)).booking_id
    handle = world.booking(booking_id)
    before = await _rows(world, booking_id)
    of_booking = decisions.c.subject_id == booking_id
    invented = text(
        """INSERT INTO decisions
           SELECT subject, subject_id, 99, given_at, handled_at, by_role, by_id, 'cancel', outcome,
                  code, rule, text, data FROM decisions WHERE subject_id = :id AND seq = 1"""
    ).bindparams(id=booking_id)
    await by_hand(
        world,
        delete(decisions).where(of_booking, decisions.c.seq == 2),
        delete(notices).where(notices.c.booking_id == booking_id),
        delete(events).where(events.c.subject_id == booking_id, events.c.seq == 1),
        invented,
    )
    looked = await found_by(comparer, handle)
    assert "decisions: line 2 is missing" in looked.differs
    assert "decisions: line 99 was never recorded" in looked.differs
    assert "events: event 1 (booking.requested) is missing" in looked.differs
    await found_by(comparer, handle, apply=True)
    assert await _rows(world, booking_id) == before


async def test_a_time_that_somebody_else_has_by_now_is_left_to_people(
    world: World, comparer: Comparer
) -> None:
    start, provider = in_days(9), await world.provider_with_topic()
    first, second = [await world.request(start, provider=provider) for _ in range(2)]
    await world.update(first.booking_id, "confirm", start=start)
    freed = update(bookings).where(bookings.c.id == first.booking_id)
    await by_hand(world, freed.values(state="pending", during=None))
    await world.update(second.booking_id, "confirm", start=start)

    left = await found_by(comparer, world.booking(first.booking_id), apply=True)
    assert left.mended == ()
    assert left.why is not None
    assert left.why.startswith("another session of the provider has been confirmed at that time")


async def test_what_is_being_recorded_is_no_difference(world: World, comparer: Comparer) -> None:
    start = in_days(3)
    booking_id = (await world.request(start)).booking_id
    handle = world.booking(booking_id)
    async with _without_timelines(world):
        await world.signal(handle, "confirm", start=start)
        await _has_turned_patient(world, handle)
        # On record in part would be a difference; the decision under way is not.
    await world.until(lambda: world.state(booking_id), lambda it: it["state"] == "confirmed")
    await world.until(
        lambda: comparer.compared(handle.id, apply=False), lambda finding: finding is None
    )


async def test_a_workflow_that_waits_for_its_deleted_row_goes_on(
    world: World, comparer: Comparer
) -> None:
    start = in_days(3)
    booking_id = (await world.request(start)).booking_id
    handle = world.booking(booking_id)
    await by_hand(world, *(delete(table).where(_about(table, booking_id)) for table in EVERYTHING))
    await world.signal(handle, "confirm", start=start)
    await _has_turned_patient(world, handle)
    done = await found_by(comparer, handle, apply=True)
    assert done.differs == ()
    await world.until(lambda: world.state(booking_id), lambda it: it["state"] == "confirmed")
    assert await comparer.compared(handle.id, apply=False) is None


async def test_a_claim_that_was_settled_after_the_booking_ended(
    world: World, comparer: Comparer
) -> None:
    booking = await world.confirmed(in_days(3))
    handle = world.booking(booking.booking_id)
    by = {"role": "client", "id": "client-1"}
    await world.update(handle, "cancel", reason="They asked.", initiated_by="provider", by=by)
    standing = world.standing(booking.provider_id)
    claim_id = f"{booking.booking_id}-cancellation"
    await world.until_standing(standing, lambda it: it["claims"])
    await world.update(standing, "settle-claim", claim_id=claim_id, uphold=True)
    assert await comparer.compared(handle.id, apply=False) is None
    before = await _rows(world, booking.booking_id)
    await by_hand(
        world, update(bookings).where(bookings.c.id == booking.booking_id).values(revision=1)
    )
    await found_by(comparer, handle, apply=True)
    assert await _rows(world, booking.booking_id) == before


async def test_histories_before_this_one_are_asked_too(world: World, comparer: Comparer) -> None:
    start = in_days(20)
    booking = await world.request(start, history_limit=12)
    handle = world.booking(booking.booking_id)
    by = {"role": "client", "id": "client-1"}
    await world.update(handle, "confirm", start=start)
    for number in range(3):
        propose = {"starts": [in_days(30)], "reason": f"Trip {number}."}
        await world.update(handle, "propose-reschedule", **propose)
        await world.update(handle, "answer-reschedule", accept=False, by=by)
    before = await _rows(world, booking.booking_id)
    about = [delete(table).where(_about(table, booking.booking_id)) for table in EVERYTHING]
    await by_hand(world, *about)
    done = await found_by(comparer, handle, apply=True)
    assert done.differs == ()
    assert await _rows(world, booking.booking_id) == before
