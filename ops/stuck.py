"""`keepdate stuck`: workflows that do not get on, each with the reason; and what does not arrive.

The second is seldom our own trouble: an endpoint is down, and each booking that it should be told
of waits for it. So it is told last, in one line for each endpoint, from the ledger.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import (
    ApplicationErrorCategory,
    EventType,
    PendingWorkflowTaskState,
    WorkflowExecutionStatus,
    WorkflowTaskFailedCause,
)
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingWorkflowTaskInfo
from temporalio.client import Client
from temporalio.exceptions import FailureError

from activities.executions import described, listed
from db.queries.failing import Failing, failing_deliveries
from domain.instants import to_the_second
from domain.workflow_ids import booking_workflow_id
from ops import Say
from ops.connections import Stack

MANY_ATTEMPTS = 3
"""An activity that has been tried this often is not merely unlucky."""

WAITS_TOO_LONG = timedelta(minutes=1)
"""A workflow task that no worker has taken for so long waits for one that does not come."""

AT_ONCE = 20
_PAGE = 200
_FEW = 2

_REPORTED = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
_RUNNING = "ExecutionStatus = 'Running'"
_PAUSED = "ExecutionStatus = 'Paused'"


@dataclass(frozen=True, kw_only=True)
class Stuck:
    """One workflow that does not get on, and why."""

    workflow_id: str
    reason: str


async def stuck(stack: Stack, say: Say, *, as_json: bool = False) -> bool:
    """Say which workflows do not get on, then which deliveries. Whether all workflows do."""
    none = True
    async for found in _stuck(stack.client):
        none = False
        say(json.dumps(asdict(found)) if as_json else f"{found.workflow_id}: {found.reason}")
    if none and not as_json:
        say("Every workflow gets on.")
    async with stack.engine.connect() as conn:
        for failing in await failing_deliveries(conn, tried=MANY_ATTEMPTS):
            say(json.dumps(asdict(failing), default=str) if as_json else in_words(failing))
    return none


def in_words(failing: Failing) -> str:
    """What does not arrive in one place, in a line that can be read."""
    where = str(failing.channel)
    if failing.owner is not None:
        where += f" {failing.webhook_id} of {failing.owner} at {failing.host}"
    count = f"{failing.count} notices are" if failing.count > 1 else "1 notice is"
    booking_id = failing.booking_id
    subject = booking_workflow_id(booking_id) if booking_id else f"notice {failing.example}"
    answer = _one_line(failing.answer or "no answer")
    return (
        f"{where}: {count} still owed, since {to_the_second(failing.since)}, after up to"
        f" {failing.attempts} attempts. The last, of {subject}: {answer}"
    )


async def _stuck(client: Client) -> AsyncIterator[Stuck]:
    """Those that the server reports, then those of which an activity fails again and again.

    The server says of the first which they are, and which were paused. For the second, every
    running workflow is asked.
    """
    seen = set()
    room = asyncio.Semaphore(AT_ONCE)
    for query in (_REPORTED, _PAUSED, _RUNNING):
        async for page in listed(client, query, page_size=_PAGE):
            ids = [each.workflow_id for each in page if each.workflow_id not in seen]
            for found in await asyncio.gather(*(_reason(client, each, room) for each in ids)):
                if found is not None:
                    seen.add(found.workflow_id)
                    yield found


async def _reason(client: Client, workflow_id: str, room: asyncio.Semaphore) -> Stuck | None:
    async with room:
        told = await described(client, workflow_id)
        if told is None:
            return None
        status = told.workflow_execution_info.status
        if status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED:
            return Stuck(
                workflow_id=workflow_id, reason="was paused by hand, and is to be unpaused"
            )
        for activity in told.pending_activities:
            if activity.paused:
                reason = f"{activity.activity_type.name} was paused by hand, and is to be unpaused"
                return Stuck(workflow_id=workflow_id, reason=reason)
            # A delivery that others do not take is in the ledger, by the endpoint.
            cause = activity.last_failure.application_failure_info.category
            if cause == ApplicationErrorCategory.APPLICATION_ERROR_CATEGORY_BENIGN:
                continue
            if activity.attempt >= MANY_ATTEMPTS:
                reason = (
                    f"{activity.activity_type.name} was tried {activity.attempt} times:"
                    f" {await _message(client, activity.last_failure)}"
                )
                return Stuck(workflow_id=workflow_id, reason=reason)
        task = told.pending_workflow_task
        if task.attempt < _FEW:
            return _unattended(workflow_id, task)
        why = await _last_failure(client, workflow_id)
    return Stuck(workflow_id=workflow_id, reason=f"its task was tried {task.attempt} times: {why}")


def _unattended(workflow_id: str, task: PendingWorkflowTaskInfo) -> Stuck | None:
    """A workflow of which a task has waited for a worker for too long: so do its deadlines."""
    since = task.scheduled_time.ToDatetime(UTC)
    if (
        task.state != PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
        or datetime.now(UTC) - since < WAITS_TOO_LONG
    ):
        return None
    return Stuck(
        workflow_id=workflow_id,
        reason=f"no worker has taken its task since {to_the_second(since)}: none runs, or none"
        " whose build is current",
    )


async def _last_failure(client: Client, workflow_id: str) -> str:
    """What the last failed task of a workflow said; of a row of failures, history has the first."""
    said = "it says nothing; the log of the worker does"
    async for event in client.get_workflow_handle(workflow_id).fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            failed = event.workflow_task_failed_event_attributes
            cause = WorkflowTaskFailedCause.Name(failed.cause).removeprefix(
                "WORKFLOW_TASK_FAILED_CAUSE_"
            )
            said = f"{cause.lower().replace('_', ' ')}: {await _message(client, failed.failure)}"
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
            said = "its worker did not answer in time"
    return said


async def _message(client: Client, failure: Failure) -> str:
    """The innermost message, on one line; decrypted, where we have the key."""
    error = await client.data_converter.decode_failure(failure)
    while error.__cause__ is not None:
        error = error.__cause__
    said = error.message if isinstance(error, FailureError) else str(error)
    return _one_line(said) or "no message"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
