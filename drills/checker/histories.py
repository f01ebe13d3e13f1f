"""What Temporal has on record: the histories of all workflows, read as anybody could read them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError

SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
ACCEPTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
ANSWERED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
UPSERTED = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
_PATIENCE = timedelta(seconds=30)
CONTINUED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW


@dataclass(frozen=True, kw_only=True)
class Told:
    """One command as it stands in a history."""

    name: str
    body: dict[str, Any]
    at: datetime
    refused: bool = False
    """An update that was answered with a refusal. Of a signal, nothing is said here."""

    @property
    def command_id(self) -> str | None:
        return self.body.get("command_id")


@dataclass(kw_only=True)
class Live:
    """One workflow: the commands in its histories, the attributes it had, and how it stands."""

    workflow_id: str
    status: WorkflowExecutionStatus
    told: list[Told] = field(default_factory=list)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    state: dict[str, Any] | None = None
    problems: list[str] = field(default_factory=list)


async def read_workflow(client: Client, workflow_id: str, query: str) -> Live:
    """One workflow, through all its histories, and what it says of itself now."""
    handle = client.get_workflow_handle(workflow_id)
    found = await handle.describe()
    live = Live(workflow_id=workflow_id, status=found.status or WorkflowExecutionStatus.RUNNING)
    run_id: str | None = found.raw_description.workflow_execution_info.first_run_id or None
    while run_id is not None:
        run_id = await _read_run(client, workflow_id, run_id, live)
    pending = found.raw_description.pending_workflow_task
    if pending.attempt > 1:
        live.problems.append(f"its workflow task is at attempt {pending.attempt}")
    if live.status is WorkflowExecutionStatus.COMPLETED:
        live.state = await handle.result()
    elif live.status is WorkflowExecutionStatus.RUNNING:
        try:
            live.state = await handle.query(query, rpc_timeout=_PATIENCE)
        except (RPCError, WorkflowQueryFailedError) as error:
            live.problems.append(f"it does not answer: {error}")
    else:
        live.problems.append(f"it has ended as {live.status.name}")
    return live


async def _read_run(client: Client, workflow_id: str, run_id: str, live: Live) -> str | None:
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    accepted: dict[str, int] = {}
    following = None
    async for event in handle.fetch_history_events():
        at = event.event_time.ToDatetime()
        if event.event_type == SIGNALED:
            signal = event.workflow_execution_signaled_event_attributes
            live.told.append(Told(name=signal.signal_name, body=_first(signal.input), at=at))
        elif event.event_type == ACCEPTED:
            update = event.workflow_execution_update_accepted_event_attributes
            asked = update.accepted_request.input
            accepted[update.protocol_instance_id] = len(live.told)
            live.told.append(Told(name=asked.name, body=_first(asked.args), at=at))
        elif event.event_type == ANSWERED:
            answer = event.workflow_execution_update_completed_event_attributes
            place = accepted.get(answer.meta.update_id)
            if place is not None and answer.outcome.HasField("failure"):
                told = live.told[place]
                live.told[place] = Told(name=told.name, body=told.body, at=told.at, refused=True)
        elif event.event_type == UPSERTED:
            fields = event.upsert_workflow_search_attributes_event_attributes
            live.attributes.append(
                {
                    name: _json(value.data)
                    for name, value in fields.search_attributes.indexed_fields.items()
                }
            )
        elif event.event_type == CONTINUED:
            attributes = event.workflow_execution_continued_as_new_event_attributes
            following = attributes.new_execution_run_id
    return following


def _first(payloads: Any) -> dict[str, Any]:
    """The one JSON object of a command; whatever else was sent is nobody's command."""
    if len(payloads.payloads) != 1:
        return {}
    found = _json(payloads.payloads[0].data)
    return found if isinstance(found, dict) else {}


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
