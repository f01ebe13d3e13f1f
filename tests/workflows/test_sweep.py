"""What is owed and what nobody delivers is delivered all the same, and once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic_core import to_jsonable_python
from sqlalchemy import select, update
from temporalio import workflow
from temporalio.client import WorkflowExecutionStatus
from temporalio.common import RawValue
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from activities.delivering import NotDeliveredError, Outgoing, Sent
from activities.record_comparer import ComparisonInput, ComparisonResult, Progress, RecordComparer
from activities.rounds import Part, Place
from api.gateway import Gateway
from config import Settings
from db.ids import new_id
from db.schema import notices
from domain.notices.ledger import NoticeState
from domain.workflow_ids import delivery_workflow_id
from tests.workflows.mailing import Mailing, mail_is_sent
from tests.workflows.scripted_outlet import taken
from tests.workflows.world import Handle, World, in_days
from worker import RUNNER
from workflows.payloads import NOTHING
from workflows.sweep import EVERY, SCHEDULE_ID, schedule

WAIT = timedelta(hours=1)
LONG_AGO = in_days(-1)


@pytest.fixture(scope="module")
async def mailing(world: World, shared_settings: Settings) -> AsyncIterator[Mailing]:
    """A marketplace that sends mail."""
    async with mail_is_sent(world, shared_settings) as found:
        yield found


async def _wait(_: Outgoing) -> Sent:
    """What is sent is not taken for an hour."""
    raise NotDeliveredError("Not for an hour.", wait=WAIT)


async def _swept(mailing: Mailing) -> ComparisonResult:
    result: ComparisonResult = await mailing.world.client.execute_workflow(
        "Sweep",
        id=f"sweep-{new_id()}",
        task_queue=mailing.world.task_queue,
        result_type=ComparisonResult,
    )
    return result


async def _row(mailing: Mailing, notice_id: str) -> Any:
    async with mailing.world.engine.connect() as conn:
        found = await conn.execute(select(notices).where(notices.c.id == notice_id))
        return found.one()


async def _tried(mailing: Mailing, notice_id: str) -> None:
    """Wait until a mail has been tried, and then have that been long ago."""
    await mailing.world.until(lambda: _row(mailing, notice_id), lambda it: it.answer is not None)
    async with mailing.world.engine.begin() as conn:
        row = update(notices).where(notices.c.id == notice_id)
        await conn.execute(row.values(created_at=LONG_AGO, attempted_at=LONG_AGO))


def _delivery(mailing: Mailing, notice_id: str) -> Handle:
    return mailing.world.client.get_workflow_handle(delivery_workflow_id(notice_id))


async def _asked(handle: Handle) -> int:
    """How often a delivery was asked for."""
    history = await handle.fetch_history()
    return sum(
        event.HasField("workflow_execution_signaled_event_attributes") for event in history.events
    )


async def _ends_sent(mailing: Mailing, notice_id: str) -> None:
    """Once its wait is over, a mail is sent, for the first time."""
    row = await mailing.world.until(
        lambda: _row(mailing, notice_id), lambda it: it.state != NoticeState.OWED
    )
    assert (row.state, mailing.times_taken(notice_id)) == ("sent", 1)


async def test_what_nobody_was_told_to_deliver_is_sent_once(
    mailing: Mailing, caplog: pytest.LogCaptureFixture
) -> None:
    """As if whoever wrote the row had died before anything else."""
    lost, fresh = await mailing.owed(created_at=LONG_AGO), await mailing.owed()
    swept = await _swept(mailing)
    assert (swept.compared, swept.mended, swept.differing, swept.unanswered) == (1, 1, 0, 0)
    [finding] = swept.findings
    assert (finding.subject, finding.id) == ("notice", lost.id)
    assert finding.mended[0].startswith(f"{lost.summary} is owed since ")
    await _delivery(mailing, lost.id).result()
    assert mailing.times_taken(lost.id) == 1
    assert (await _row(mailing, lost.id)).state == "sent"
    assert "of 1 overdue notices nobody delivered 1" in caplog.text
    assert (await _swept(mailing)).compared == 0
    assert (await _row(mailing, fresh.id)).attempts == 0
    await Gateway(mailing.world.client, mailing.world.task_queue).deliver(fresh)
    await _delivery(mailing, fresh.id).result()


async def test_what_was_tried_before_its_delivery_was_lost_is_sent(mailing: Mailing) -> None:
    mailing.office.plan("provider-1", "lost", _wait)
    lost = await mailing.owed(kind="lost")
    await Gateway(mailing.world.client, mailing.world.task_queue).deliver(lost)
    await _tried(mailing, lost.id)
    await _delivery(mailing, lost.id).terminate()
    mailing.office.plan("provider-1", "lost", taken)
    assert (await _swept(mailing)).mended == 1
    await _delivery(mailing, lost.id).result()
    assert mailing.times_taken(lost.id) == 1


async def test_a_delivery_that_waits_for_its_next_attempt_is_left_alone(mailing: Mailing) -> None:
    mailing.office.plan("provider-1", "waits", _wait)
    owed = await mailing.owed(kind="waits")
    await Gateway(mailing.world.client, mailing.world.task_queue).deliver(owed)
    await _tried(mailing, owed.id)
    swept = await _swept(mailing)
    assert (swept.compared, swept.mended, swept.findings) == (1, 0, ())
    delivery = _delivery(mailing, owed.id)
    assert await _asked(delivery) == 1
    mailing.office.plan("provider-1", "waits", taken)
    await mailing.world.forward(delivery, WAIT)
    await _ends_sent(mailing, owed.id)


async def test_what_a_booking_delivers_itself_is_left_to_it(mailing: Mailing) -> None:
    start = in_days(9)
    booking_id = (await mailing.requested(start)).booking_id
    mailing.office.plan(booking_id, "booking.confirmed", _wait)
    await mailing.world.update(booking_id, "confirm", start=start)
    ledger = await mailing.world.until(
        lambda: mailing.ledger(booking_id), lambda it: ("booking.confirmed", "client") in it
    )
    ids = [row.id for (kind, _), row in ledger.items() if kind == "booking.confirmed"]
    for notice_id in ids:
        await _tried(mailing, notice_id)
    swept = await _swept(mailing)
    assert (swept.compared, swept.mended, swept.findings) == (2, 0, ())
    for notice_id in ids:
        with pytest.raises(RPCError, match="not found"):
            await _delivery(mailing, notice_id).describe()
    mailing.office.plan(booking_id, "booking.confirmed", taken)
    await mailing.world.forward(mailing.world.booking(booking_id), WAIT)
    for notice_id in ids:
        await _ends_sent(mailing, notice_id)


async def test_what_a_lost_booking_owed_is_sent(mailing: Mailing) -> None:
    booking_id = (await mailing.confirmed()).booking_id
    mailing.office.plan(booking_id, "cancellation.asked", _wait)
    for role in ("client", "provider"):
        await mailing.ended(booking_id, "booking.confirmed", role)
    await mailing.world.update(booking_id, "ask-cancel", reason="Ill.")
    ledger = await mailing.world.until(
        lambda: mailing.ledger(booking_id), lambda it: ("cancellation.asked", "client") in it
    )
    notice_id = ledger["cancellation.asked", "client"].id
    await _tried(mailing, notice_id)
    await mailing.world.booking(booking_id).terminate()
    mailing.office.plan(booking_id, "cancellation.asked", taken)
    assert (await _swept(mailing)).mended == 1
    await _ends_sent(mailing, notice_id)


async def test_what_follows_from_another_delivery_is_left_to_that(mailing: Mailing) -> None:
    first = await mailing.owed(kind="first")
    second = await mailing.owed(kind="second", source=f"webhook/hook-1/{first.id}/{new_id()}")

    async def consequential(_: Outgoing) -> Sent:
        return Sent(answer="Taken.", owed=(second,))

    mailing.office.plan("provider-1", "first", consequential)
    mailing.office.plan("provider-1", "second", _wait)
    await Gateway(mailing.world.client, mailing.world.task_queue).deliver(first)
    await _tried(mailing, second.id)
    swept = await _swept(mailing)
    assert (swept.compared, swept.mended) == (1, 0)
    mailing.office.plan("provider-1", "second", taken)
    await mailing.world.forward(_delivery(mailing, first.id), WAIT)
    await _ends_sent(mailing, second.id)


async def test_two_that_sweep_at_once_send_it_once(mailing: Mailing) -> None:
    lost = [await mailing.owed(created_at=LONG_AGO) for _ in range(5)]
    swept = await asyncio.gather(*(_swept(mailing) for _ in range(3)))
    assert sum(each.mended for each in swept) >= len(lost)
    for each in lost:
        await _delivery(mailing, each.id).result()
        assert mailing.times_taken(each.id) == 1


async def test_what_has_lost_its_point_is_superseded_and_not_sent(mailing: Mailing) -> None:
    start = in_days(9)
    booking_id = (await mailing.confirmed(start)).booking_id
    dated: dict[str, Any] = {"created_at": LONG_AGO, "booking_id": booking_id}
    amended, answered, stands = (
        await mailing.owed(kind="booking.confirmed", session_start=in_days(8), **dated),
        await mailing.owed(kind="booking.requested", **dated),
        await mailing.owed(kind="booking.confirmed", session_start=start, **dated),
    )
    swept = await _swept(mailing)
    remarks = {each.id: each.remark for each in swept.findings}
    assert remarks == {
        amended.id: "it has lost its point: superseded",
        answered.id: "it has lost its point: superseded",
        stands.id: None,
    }
    await _delivery(mailing, stands.id).result()
    ended = [await _row(mailing, each.id) for each in (amended, answered, stands)]
    assert [(row.state, row.reason, row.attempts) for row in ended] == [
        ("superseded", "The date was amended.", 0),
        ("superseded", "What it asks for has been answered.", 0),
        ("sent", None, 1),
    ]


@workflow.defn(name="Delivery")
class EarlierDelivery:
    """A delivery as an earlier release would have it: it cannot be asked what it delivers."""

    @workflow.run
    async def run(self, given: RawValue = NOTHING) -> None:
        """Deliver for ever."""
        del given
        await workflow.wait_condition(lambda: False)


async def test_what_a_workflow_may_deliver_that_does_not_answer_is_left_for_the_next_time(
    mailing: Mailing,
) -> None:
    owed, queue = await mailing.owed(created_at=LONG_AGO), f"earlier-{new_id()}"
    client, workflows = mailing.world.client, [EarlierDelivery]
    async with Worker(client, task_queue=queue, workflows=workflows, workflow_runner=RUNNER):
        workflow_id = delivery_workflow_id(owed.id)
        handle = await client.start_workflow("Delivery", owed, id=workflow_id, task_queue=queue)
        swept = await _swept(mailing)
        assert (swept.mended, swept.unanswered) == (0, 1)
        assert "delivering" in str(swept.findings[0].unanswered)
        await handle.terminate()
    assert (await _swept(mailing)).mended == 1
    await _ends_sent(mailing, owed.id)


async def test_the_comparison_says_what_nobody_delivers_and_sends_nothing(
    mailing: Mailing,
) -> None:
    lost = await mailing.owed(created_at=LONG_AGO)
    # As one that has come to its last part.
    environment = ActivityEnvironment()
    told = [to_jsonable_python(Progress(place=Place(part=Part.OVERDUE_NOTICES)))]
    environment.info = replace(environment.info, heartbeat_details=told)
    world = mailing.world
    comparer = RecordComparer(world.client, world.engine, world.task_queue)
    compared = await environment.run(comparer.compare_records, ComparisonInput())
    assert (compared.compared, compared.differing, compared.mended) == (1, 1, 0)
    [finding] = compared.findings
    assert finding.differs[0].endswith("and nobody delivers it")
    assert (await _row(mailing, lost.id)).state == "owed"
    assert (await _swept(mailing)).mended == 1
    assert (await _delivery(mailing, lost.id).describe()).status in {
        WorkflowExecutionStatus.RUNNING,
        WorkflowExecutionStatus.COMPLETED,
    }
    await _ends_sent(mailing, lost.id)


async def test_the_sweep_is_scheduled_once(world: World) -> None:
    await schedule(world.client, world.task_queue)
    await schedule(world.client, world.task_queue)
    handle = world.client.get_schedule_handle(SCHEDULE_ID)
    described = await handle.describe()
    assert described.schedule.spec.intervals[0].every == EVERY
    await handle.delete()
