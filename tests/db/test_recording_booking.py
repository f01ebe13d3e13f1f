"""A booking's decision is written down whole or not at all, and once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from db.ids import new_id
from db.queries.bookings import get_booking
from db.queries.conversations import list_conversations, list_messages
from db.queries.timelines import booking_timeline
from db.recording import RecordingGapError, UnknownTopicError, record_booking
from db.schema import bookings, conversations, decisions, events, late_events, messages, notices
from db.stores.topics import insert_topic, update_topic
from domain.booking import commands as do
from domain.booking.deadlines import next_deadline
from domain.booking.decide import elapse
from domain.booking.record import Recorded
from domain.booking.state import Fault, Initiator, State
from domain.lateness import LateKind
from domain.party import Party, Role
from domain.record import REFUSALS_KEPT
from domain.refusal import Code
from tests.db.player import NOW, SOON, SUPPORT, in_days, line, requested

TABLES = (bookings, conversations, decisions, events, late_events, messages, notices)


async def _all(engine: AsyncEngine, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as conn:
        chosen = (table.c[name] for name in columns)
        found = await conn.execute(select(*chosen).order_by(*table.primary_key))
        return [tuple(row) for row in found]


async def _everything(engine: AsyncEngine) -> dict[str, list[str]]:
    async with engine.connect() as conn:
        return {
            table.name: sorted(str(row) for row in await conn.execute(select(table)))
            for table in TABLES
        }


async def test_a_booking_reads_back_as_it_was_decided(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(4), in_days(5))
    await played.give(do.Confirm(start=in_days(4)), played.provider)
    await played.give(
        do.ProposeReschedule(starts=(in_days(6), in_days(7)), reason="Flu."), played.provider
    )
    async with engine.connect() as conn:
        row = await get_booking(conn, played.booking.id)
        timeline = await booking_timeline(conn, played.booking.id)
    assert row is not None
    assert row.booking == played.booking
    assert timeline == [entry for record in played.records for entry in record.entries]


async def test_recording_twice_changes_nothing(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(4))
    await played.give(do.Confirm(start=in_days(4)), played.provider)
    await played.give(do.ProposeReschedule(starts=(in_days(6),), reason="Flu."), played.provider)
    before = await _everything(engine)
    for record in played.records:
        assert await record_booking(engine, record, within=SOON) == Recorded()
    assert await _everything(engine) == before


async def test_an_older_record_never_overwrites_a_newer_one(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(4))
    await played.give(do.Confirm(start=in_days(4)), played.provider)
    late = replace(played.records[0], entries=(line(9, "request", played.client),))
    await record_booking(engine, late, within=SOON)
    async with engine.connect() as conn:
        row = await get_booking(conn, played.booking.id)
        assert [entry.seq for entry in await booking_timeline(conn, played.booking.id)] == [1, 2]
    assert row is not None
    assert row.booking.state is State.CONFIRMED


async def test_a_failure_in_the_middle_leaves_nothing(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(4))
    async with engine.begin() as conn:
        # Cards are written last, so everything else has been written when this one is in the way.
        (row,) = await conn.execute(select(messages))
        in_the_way = f"{played.booking.id}/{played.next_seq}"
        await conn.execute(insert(messages), {**row._mapping, "id": new_id(), "source": in_the_way})
    before = await _everything(engine)
    with pytest.raises(IntegrityError):
        await played.give(do.Confirm(start=in_days(4)), played.provider)
    assert await _everything(engine) == before


async def test_an_attempt_that_hangs_is_ended_by_the_server(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(4))
    record = played.next_record((), (line(2, "nothing", played.client),))
    async with engine.begin() as conn:
        await conn.execute(select(bookings).with_for_update())
        with pytest.raises((DBAPIError, TimeoutError)):
            await record_booking(engine, record, within=timedelta(seconds=0.2))
        # Nobody is left who could still write it once the row is free.
        await _nobody_waits(engine)
    assert await record_booking(engine, record, within=SOON) == Recorded()


async def _nobody_waits(engine: AsyncEngine) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(SOON.total_seconds()), engine.connect() as conn:
        while await conn.scalar(waiting):
            # What a transaction has seen of this view stays as it was.
            await conn.rollback()


async def test_a_record_without_its_forerunners_is_not_taken(engine: AsyncEngine) -> None:
    played = await requested(engine)
    record = played.next_record((), ())
    lost = replace(record, booking=replace(record.booking, id="lost"))
    with pytest.raises(RecordingGapError):
        await record_booking(engine, lost, within=SOON)
    behind = replace(record, number=record.number + 1)
    with pytest.raises(RecordingGapError):
        await record_booking(engine, behind, within=SOON)
    assert await record_booking(engine, record, within=SOON) == Recorded()


async def test_a_booking_needs_a_topic_that_exists(engine: AsyncEngine) -> None:
    with pytest.raises(UnknownTopicError):
        await requested(engine, topic_id="none", asked=False)
    assert await _all(engine, bookings, "id") == []


async def test_a_topic_that_was_changed_about_the_time_of_a_request_has_its_old_length_there(
    engine: AsyncEngine,
) -> None:
    async with engine.begin() as conn:
        topic_id = await insert_topic(
            conn,
            provider_id="ada",
            title="Chess",
            description="",
            duration_minutes=60,
            now=in_days(-1),
        )
        # By a clock that is behind, or committed a moment later: the client has not seen it yet.
        a_little_earlier = NOW - timedelta(seconds=1)
        await update_topic(conn, topic_id, duration_minutes=90, now=a_little_earlier)
    played = await requested(engine, topic_id=topic_id)
    assert played.booking.duration_minutes == 60


async def test_refusals_are_kept_to_the_newest_with_a_count_of_all(engine: AsyncEngine) -> None:
    played = await requested(engine)
    await played.refuse(REFUSALS_KEPT - 10)
    await played.refuse(15)
    async with engine.connect() as conn:
        row = await get_booking(conn, played.booking.id)
        timeline = await booking_timeline(conn, played.booking.id)
        reported = await conn.scalar(select(func.count()).where(events.c.type == "command.refused"))
    assert row is not None
    assert row.refused == reported == REFUSALS_KEPT + 5
    # The request itself is line 1 and stays; of lines 2 to 56, the newest 50.
    assert [entry.seq for entry in timeline] == [1, *range(7, 57)]


async def test_rubbish_in_a_refused_command_is_put_on_record(engine: AsyncEngine) -> None:
    played = await requested(engine)
    rubbish: dict[str, Any] = {"a\0b": ["\ud800", float("nan"), {"deep": float("-inf")}, 10**30]}
    entry = replace(
        line(2, "con\0firm", Party(role=Role.SERVICE, id="\0"), refused=Code.MALFORMED),
        text="\udfff",
        data=rubbish,
    )
    await record_booking(engine, played.next_record((), (entry,)), within=SOON)
    async with engine.connect() as conn:
        found = (await booking_timeline(conn, played.booking.id))[-1]
    assert (found.command, found.by.id, found.text) == ("con\ufffdfirm", "\ufffd", "?")
    assert found.data == {"a\ufffdb": ["?", "nan", {"deep": "-inf"}, 10**30]}


async def test_a_claimed_late_cancellation_is_in_the_lateness_record(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(4))
    await played.give(do.Confirm(start=in_days(4)), played.provider)
    cancel = do.Cancel(reason="They asked.", initiated_by=Initiator.PROVIDER)
    await played.give(cancel, played.client)
    assert played.booking.cancellation is not None
    assert played.booking.cancellation.fault is Fault.CLAIMED
    columns = ("id", "booking_id", "provider_id", "kind", "scheduled_start", "claimed")
    assert await _all(engine, late_events, *columns) == [
        (
            f"{played.booking.id}-cancellation",
            played.booking.id,
            "ada",
            LateKind.CANCELLATION,
            in_days(4),
            True,
        )
    ]


async def test_each_step_leaves_a_card_by_whoever_took_it(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(9))
    service = Party(role=Role.SERVICE, id="signal")
    await played.give(do.Confirm(start=in_days(9)), service)
    await played.give(do.ProposeReschedule(starts=(in_days(8),), reason="Flu."), played.provider)
    await played.give(do.AnswerReschedule(accept=True), played.client)
    await played.give(do.ApproveReschedule(start=in_days(8)), SUPPORT)
    while deadline := next_deadline(played.booking):
        await played.record(elapse(played.booking, deadline, deadline.at), deadline.kind)
    async with engine.connect() as conn:
        (conversation,) = await list_conversations(conn, viewer=played.client, limit=9)
        found = await list_messages(conn, conversation.id, limit=99)
    cards = [(message.card or {}, message.author) for message in reversed(found)]
    assert [(card["type"], str(author)) for card, author in cards] == [
        ("booking.requested", "client carl"),
        ("booking.confirmed", "provider ada"),
        ("reschedule.proposed", "provider ada"),
        ("reschedule.accepted", "client carl"),
        ("booking.rescheduled", "support support-1"),
        ("booking.completed", "clock clock"),
    ]
    assert [card["revision"] for card, _ in cards] == [1, 2, 3, 4, 5, 6]
    assert cards[0][0]["preferred_starts"] == ["2026-03-11T09:00:00Z"]
    assert conversation.last_message == found[0]
    # Their own two are read.
    assert conversation.unread == 4


async def test_each_step_tells_those_whom_it_concerns(engine: AsyncEngine) -> None:
    # Six hours ahead: the reminders of the late window and of the day before are past already.
    played = await requested(engine, in_days(0.25))
    await played.give(do.Confirm(start=in_days(0.25)), played.provider)
    await played.give(do.Cancel(reason="Ill."), played.client)
    columns = ("kind", "recipient_role", "recipient_id", "state", "booking_revision")
    assert await _all(engine, notices, *columns) == [
        ("booking.requested", "provider", "ada", "sent", 1),
        ("answer-last-call", "provider", "ada", "skipped", 1),
        ("booking.confirmed", "provider", "ada", "sent", 2),
        ("booking.confirmed", "client", "carl", "sent", 2),
        ("late-window-opens", "provider", "ada", "skipped", 2),
        ("session-starts", "provider", "ada", "skipped", 2),
        ("session-starts", "client", "carl", "skipped", 2),
        ("booking.cancelled", "provider", "ada", "sent", 3),
        ("booking.cancelled", "client", "carl", "sent", 3),
    ]
    reasons = {why for (why,) in await _all(engine, notices, "reason")}
    assert reasons == {None, "Its time was past."}
    assert min(due for (due,) in await _all(engine, notices, "due_at")) < NOW
