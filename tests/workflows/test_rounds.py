"""Everything on record is compared with the workflows, page by page and every day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic_core import to_json, to_jsonable_python
from sqlalchemy import update
from temporalio.client import ScheduleActionStartWorkflow
from temporalio.testing import ActivityEnvironment

from activities.comparing import Comparer, Finding
from activities.overdue import OverdueNotices
from activities.record_comparer import ComparisonInput, ComparisonResult, Progress, RecordComparer
from activities.rounds import PAGE, Page, Part, Place, Rounds
from db.ids import new_id
from db.schema import (
    bookings,
)
from tests.workflows.by_hand import by_hand
from tests.workflows.world import World, in_days, now
from workflows import comparison
from workflows.comparison import SCHEDULE_ID, schedule
from workflows.payloads import NOTHING


@pytest.mark.long
async def test_a_round_finds_what_differs_page_by_page(world: World, comparer: Comparer) -> None:
    booking_id = (await world.request()).booking_id
    await by_hand(world, update(bookings).where(bookings.c.id == booking_id).values(client_id="x"))
    overdue = OverdueNotices(world.client, world.engine, world.task_queue)
    rounds = Rounds(world.client, world.engine, comparer, overdue)
    ids: list[str] = []
    places: list[Place | None] = []
    async for page in rounds.pages(Place(), closed_since=now() + timedelta(days=1)):
        ids += [finding.id for finding in page.findings if finding.differs]
        places.append(page.goes_on)
    assert booking_id in ids
    assert places[-1] is None
    # Where it was interrupted it goes on, and leaves out what it has done.
    later = [
        page
        async for page in rounds.pages(Place(part=Part.RUNNING_STANDINGS), closed_since=in_days(1))
    ]
    assert booking_id not in [finding.id for page in later for finding in page.findings]
    await by_hand(
        world, update(bookings).where(bookings.c.id == booking_id).values(client_id="client-1")
    )


@pytest.mark.long
async def test_the_comparison_runs_as_a_workflow(world: World) -> None:
    result = await world.client.execute_workflow(
        "Comparison",
        ComparisonInput(closed_within_hours=0),
        id=f"comparison-{new_id()}",
        task_queue=world.task_queue,
        result_type=ComparisonResult,
    )
    assert result.compared > 0


async def test_a_comparison_goes_on_where_it_was_interrupted(world: World) -> None:
    last = Progress(
        place=Place(part=Part.STANDINGS_ON_RECORD),
        so_far=ComparisonResult(compared=1000, differing=3),
    )
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, heartbeat_details=[to_jsonable_python(last)])
    activity = RecordComparer(world.client, world.engine, world.task_queue)
    result = await environment.run(activity.compare_records, ComparisonInput())
    # Of a thousand that were compared before, none was compared again.
    assert result.compared == 1000
    assert result.differing >= 3


def test_what_a_round_tells_of_thousands_of_differences_is_small() -> None:
    lines = tuple(f"decisions: line {seq} is missing" for seq in range(1000))
    found = tuple(
        Finding(subject="standing", id=f"provider-{number}", differs=lines, mended=lines)
        for number in range(PAGE)
    )
    so_far = ComparisonResult().with_page(Page(compared=PAGE, findings=found, goes_on=None))
    assert so_far.differing == PAGE
    assert so_far.findings[0].differs[-1] == "and 980 more"
    # A heartbeat says it again and again; Temporal would take 2 MB.
    assert len(to_json(Progress(so_far=so_far))) < 200_000


async def test_the_comparison_is_scheduled_once(world: World) -> None:
    await schedule(world.client, world.task_queue)
    await schedule(world.client, world.task_queue)
    handle = world.client.get_schedule_handle(SCHEDULE_ID)
    described = await handle.describe()
    assert described.schedule.spec.intervals[0].every == timedelta(days=1)
    # What it says would be encrypted by the key of today, and read as long as it is kept.
    assert isinstance(described.schedule.action, ScheduleActionStartWorkflow)
    assert described.schedule.action.args == []
    assert comparison._read(NOTHING) == ComparisonInput(closed_within_hours=48)
    await handle.delete()
