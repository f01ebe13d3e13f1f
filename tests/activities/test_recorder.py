"""The recorder, as a worker runs it, against a real PostgreSQL."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.recording import Recorder
from db.queries.bookings import get_booking
from db.queries.standings import get_standing
from db.schema import bookings
from domain.booking import commands as do
from domain.booking.record import BookingRecord, Recorded
from domain.party import Party, Role
from domain.refusal import Code
from domain.standing import commands as standing_do
from domain.standing.record import StandingRecord, StandingRecorded
from tests.db.player import SUPPORT, PlayedBooking, in_days, line, requested, untouched


def _attempt(seconds: float = 10) -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(
        ActivityEnvironment.default_info(), start_to_close_timeout=timedelta(seconds=seconds)
    )
    return environment


async def _confirmed(engine: AsyncEngine) -> PlayedBooking:
    played = await requested(engine, in_days(4))
    await played.give(do.Confirm(start=in_days(4)), played.provider)
    return played


async def test_a_record_arrives_as_it_was_sent(engine: AsyncEngine) -> None:
    played = await _confirmed(engine)
    propose = do.ProposeReschedule(starts=(in_days(6),), reason="Flu.")
    await played.give(propose, played.provider)
    await played.refuse()
    standing = untouched(engine)
    await standing.give(standing_do.Suspend(reason="Spam."), SUPPORT)
    records: list[BookingRecord | StandingRecord] = [*played.records, *standing.records]
    for record in records:
        sent = await pydantic_data_converter.encode([record])
        assert await pydantic_data_converter.decode(sent, [type(record)]) == [record]


async def test_what_is_recorded_can_be_read(engine: AsyncEngine) -> None:
    recorder = Recorder(engine)
    played = await requested(engine)
    record = played.next_record((), (line(2, "nothing", played.client),))
    assert await _attempt().run(recorder.record_booking, record) == Recorded()
    standing = untouched(engine)
    await standing.give(standing_do.Suspend(reason="Spam."), SUPPORT)
    (again,) = standing.records
    assert await _attempt().run(recorder.record_standing, again) == StandingRecorded()
    async with engine.connect() as conn:
        assert (row := await get_booking(conn, played.booking.id)) is not None
        assert row.booking == record.booking
        assert await get_standing(conn, "ada") == standing.standing


async def test_a_taken_time_is_an_answer_and_no_failure(engine: AsyncEngine) -> None:
    await _confirmed(engine)
    played = await requested(engine, in_days(4))
    await played.give(do.Confirm(start=in_days(4)), played.provider)
    recorded = await _attempt().run(Recorder(engine).record_booking, played.records[-1])
    assert recorded.refusal is not None
    assert recorded.refusal.code is Code.SLOT_TAKEN
    sent = await pydantic_data_converter.encode([recorded])
    assert await pydantic_data_converter.decode(sent, [Recorded]) == [recorded]


async def test_a_booking_of_no_topic_fails_for_good(engine: AsyncEngine) -> None:
    record = (await requested(engine)).records[0]
    booking = dataclasses.replace(record.booking, id="another", topic_id="none")
    lost = dataclasses.replace(record, booking=booking)
    with pytest.raises(ApplicationError) as caught:
        await _attempt().run(Recorder(engine).record_booking, lost)
    assert caught.value.type == Code.MALFORMED
    assert caught.value.non_retryable


async def test_an_attempt_ends_before_temporal_gives_it_up(engine: AsyncEngine) -> None:
    played = await requested(engine)
    record = played.next_record((), (line(2, "nothing", Party(role=Role.CLIENT, id="carl")),))
    async with engine.begin() as conn:
        await conn.execute(select(bookings).with_for_update())
        with pytest.raises((DBAPIError, TimeoutError)):
            await _attempt(seconds=0.2).run(Recorder(engine).record_booking, record)
    assert await _attempt().run(Recorder(engine).record_booking, record) == Recorded()
