"""Rubbish, and what is not legal, begins nothing: the workflow fails at once, and never sticks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import (
    WorkflowFailureError,
    WorkflowHistoryEventFilterType,
    WorkflowUpdateFailedError,
    WorkflowUpdateStage,
)
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from db.ids import new_id
from db.schema import topics
from domain.booking.decide import NewRequest
from domain.instants import rfc3339
from domain.policy import DEFAULT_POLICY
from domain.standing.state import Standing
from domain.workflow_ids import booking_workflow_id, standing_workflow_id
from tests.workflows.wire import payload, raw, sent, troubles
from tests.workflows.world import PATIENCE, Handle, World, in_days, now
from workflows.snapshot import BookingInput, Progress, StandingInput


async def _fails(world: World, kind: str, workflow_id: str, *arguments: Any) -> str:
    """Start a workflow that is to fail; the code that it fails with."""
    handle = await world.client.start_workflow(
        kind, args=arguments, id=workflow_id, task_queue=world.task_queue
    )
    with pytest.raises(WorkflowFailureError) as caught:
        await asyncio.wait_for(handle.result(), PATIENCE)
    assert isinstance(caught.value.cause, ApplicationError)
    assert await troubles(handle) == ["EVENT_TYPE_WORKFLOW_EXECUTION_FAILED"]
    return caught.value.cause.type or ""


async def _end_of(run: Handle) -> HistoryEvent:
    """The last event of one run, once it has ended."""
    async for event in run.fetch_history_events(
        wait_new_event=True, event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT
    ):
        return event
    raise AssertionError("it has not ended")


async def _begins_nothing(world: World, request: NewRequest, **fields: Any) -> str:
    workflow_id = booking_workflow_id(request.booking_id)
    code = await _fails(world, "Booking", workflow_id, BookingInput(request=request, **fields))
    assert await world.row(request.booking_id) is None
    return code


async def test_a_start_with_rubbish_fails(world: World) -> None:
    rubbish: tuple[list[RawValue], ...] = (
        [],
        raw(sent(None)),
        raw(sent("confirm")),
        raw(sent([])),
        raw(sent({"request": {"booking_id": 7}})),
        raw(sent({}), sent({})),
        raw(sent({}), payload(b"{")),
        raw(payload(b"{")),
        raw(payload(b"\x00\x01", b"binary/plain")),
        raw(payload(b"[" * 50_000)),
    )
    codes = await asyncio.gather(
        *(
            _fails(world, kind, prefix(new_id()), *arguments)
            for arguments in rubbish
            for kind, prefix in (
                ("Booking", booking_workflow_id),
                ("ProviderStanding", standing_workflow_id),
            )
        )
    )
    assert set(codes) == {"malformed"}


async def test_a_request_that_is_not_of_the_form_of_requests_fails(world: World) -> None:
    good = await world.wanted()
    far = timedelta(days=10**6)
    bad: tuple[dict[str, Any], ...] = (
        {"preferred_starts": ()},
        {"preferred_starts": (in_days(2),) * 2},
        {"preferred_starts": tuple(in_days(2 + number) for number in range(6))},
        {"preferred_starts": (in_days(2), now() - timedelta(hours=1))},
        {"preferred_starts": (in_days(800),)},
        {"preferred_starts": (in_days(2).replace(tzinfo=None),)},
        {"duration_minutes": 0},
        {"duration_minutes": 10**9},
        {"note": "x" * 4001},
        {"title": "\0"},
        {"client_id": "nobody at all"},
        {"provider_id": "x" * 65},
        {"policy": replace(DEFAULT_POLICY, answer_within=far)},
        {"policy": replace(DEFAULT_POLICY, reminders_before_start=(-far,))},
    )
    requests = (replace(good, booking_id=new_id(), **fields) for fields in bad)
    codes = await asyncio.gather(*(_begins_nothing(world, request) for request in requests))
    assert set(codes) == {"malformed"}


async def test_nobody_begins_in_the_middle(world: World) -> None:
    booked = await world.confirmed(in_days(9))
    row = await world.row(booked.booking_id)
    assert row is not None
    wanted = await world.wanted()
    forged = replace(row.booking, id=wanted.booking_id)
    others = [replace(wanted, booking_id=new_id()) for _ in range(2)]
    codes = await asyncio.gather(
        _begins_nothing(world, wanted, state=forged),
        _begins_nothing(world, others[0], progress=Progress(recordings=7)),
        _begins_nothing(world, others[1], history_limit=1),
    )
    assert set(codes) == {"malformed"}


async def test_nobody_begins_in_the_middle_the_second_time_either(world: World) -> None:
    provider_id = new_id()
    lenient = replace(DEFAULT_POLICY, allowed=1_000)
    forged = Standing(provider_id=provider_id, decided_at=now(), policy=lenient)
    first = await world.client.start_workflow(
        "ProviderStanding",
        StandingInput(provider_id=provider_id, state=forged),
        id=standing_workflow_id(provider_id),
        task_queue=world.task_queue,
        cron_schedule="@every 1s",
    )
    run_id = first.first_execution_run_id
    try:
        for _ in range(2):
            run = world.client.get_workflow_handle(first.id, run_id=run_id)
            ended = await asyncio.wait_for(_end_of(run), PATIENCE)
            failed = ended.workflow_execution_continued_as_new_event_attributes
            assert failed.failure.application_failure_info.type == "malformed"
            run_id = failed.new_execution_run_id
    finally:
        await first.terminate()


async def test_a_workflow_of_another_id_fails(world: World) -> None:
    wanted = await world.wanted()
    started = BookingInput(request=wanted)
    standing = StandingInput(provider_id=wanted.provider_id)
    codes = await asyncio.gather(
        _fails(world, "Booking", booking_workflow_id(new_id()), started),
        _fails(world, "Booking", new_id(), started),
        _fails(world, "ProviderStanding", standing_workflow_id(new_id()), standing),
    )
    assert set(codes) == {"malformed"}
    assert await world.row(wanted.booking_id) is None


async def test_a_topic_that_takes_no_requests_begins_nothing(world: World) -> None:
    unknown, foreign, shorter, paused, suspended = [await world.wanted() for _ in range(5)]
    _, other_topic = await world.provider_with_topic()
    await world.pause_topic(paused.topic_id)
    standing = await world.start_standing(suspended.provider_id)
    await world.update(standing, "suspend", reason="Fraud.")
    codes = await asyncio.gather(
        _begins_nothing(world, replace(unknown, topic_id=new_id())),
        _begins_nothing(world, replace(foreign, topic_id=other_topic)),
        _begins_nothing(world, replace(shorter, duration_minutes=5)),
        _begins_nothing(world, paused),
        _begins_nothing(world, suspended),
    )
    assert tuple(codes) == (*("malformed",) * 3, "topic-not-listed", "topic-suspended")


async def test_whoever_commands_what_is_just_refused_to_begin_is_told_why(world: World) -> None:
    wanted = await world.wanted()
    async with world.engine.begin() as conn:
        # The recording of the request waits for the topic, until a command has been let in.
        topic = topics.c.id == wanted.topic_id
        await conn.execute(select(topics.c.id).where(topic).with_for_update())
        handle = await world.start(BookingInput(request=wanted))
        given = await handle.start_update(
            "confirm",
            {"start": rfc3339(wanted.preferred_starts[0])},
            wait_for_stage=WorkflowUpdateStage.ACCEPTED,
        )
        await conn.execute(update(topics).where(topic).values(listed=False))
    with pytest.raises(WorkflowUpdateFailedError) as told:
        await asyncio.wait_for(given.result(), PATIENCE)
    assert isinstance(told.value.cause, ApplicationError)
    assert told.value.cause.type == "topic-not-listed"
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert await troubles(handle) == ["EVENT_TYPE_WORKFLOW_EXECUTION_FAILED"]
