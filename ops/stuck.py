"""`keepdate stuck`: workflows that do not get on, each with the reason."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass

from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

Say = Callable[[str], None]

MANY_ATTEMPTS = 3
"""An activity that has been tried this often is not merely unlucky."""

AT_ONCE = 20
_PAGE = 200
_FEW = 2

_REPORTED = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
_RUNNING = "ExecutionStatus = 'Running'"


@dataclass(frozen=True, kw_only=True)
class Stuck:
    """One workflow that does not get on, and why."""

    workflow_id: str
    reason: str


async def stuck(client: Client, say: Say, *, as_json: bool = False) -> bool:
    """Say which workflows do not get on. Whether there are none."""
    none = True
    async for found in _stuck(client):
        none = False
        say(json.dumps(asdict(found)) if as_json else f"{found.workflow_id}: {found.reason}")
    if none and not as_json:
        say("Every workflow gets on.")
    return none


async def _stuck(client: Client) -> AsyncIterator[Stuck]:
    """Those that the server reports, then those of which an activity fails again and again.

    The server says of the first which they are. For the second, every running workflow is asked.
    """
    seen = set()
    room = asyncio.Semaphore(AT_ONCE)
    for query in (_REPORTED, _RUNNING):
        token: bytes | None = None
        while True:
            listing = client.list_workflows(query, page_size=_PAGE, next_page_token=token)
            await listing.fetch_next_page()
            ids = [each.id for each in listing.current_page or () if each.id not in seen]
            for found in await asyncio.gather(*(_reason(client, each, room) for each in ids)):
                if found is not None:
                    seen.add(found.workflow_id)
                    yield found
            token = listing.next_page_token
            if not token:
                break


async def _reason(client: Client, workflow_id: str, room: asyncio.Semaphore) -> Stuck | None:
    handle = client.get_workflow_handle(workflow_id)
    async with room:
        try:
            described = (await handle.describe()).raw_description
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        for activity in described.pending_activities:
            if activity.attempt >= MANY_ATTEMPTS:
                reason = (
                    f"{activity.activity_type.name} was tried {activity.attempt} times:"
                    f" {_message(activity.last_failure)}"
                )
                return Stuck(workflow_id=workflow_id, reason=reason)
        task = described.pending_workflow_task
        if task.attempt < _FEW:
            return None
        why = await _last_failure(client, workflow_id)
    return Stuck(workflow_id=workflow_id, reason=f"its task was tried {task.attempt} times: {why}")


async def _last_failure(client: Client, workflow_id: str) -> str:
    """What the last failed task of a workflow said; of a row of failures, history has the first."""
    said = "it says nothing; the log of the worker does"
    async for event in client.get_workflow_handle(workflow_id).fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            failed = event.workflow_task_failed_event_attributes
            cause = WorkflowTaskFailedCause.Name(failed.cause).removeprefix(
                "WORKFLOW_TASK_FAILED_CAUSE_"
            )
            said = f"{cause.lower().replace('_', ' ')}: {_message(failed.failure)}"
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
            said = "its worker did not answer in time"
    return said


def _message(failure: Failure) -> str:
    """The innermost message, on one line."""
    while failure.HasField("cause"):
        failure = failure.cause
    text = " ".join(failure.message.split()) or "no message"
    return text[:300]
