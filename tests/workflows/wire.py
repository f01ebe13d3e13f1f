"""Messages as they come over the wire from anybody, and what a workflow shows of them."""

from __future__ import annotations

import json
from typing import Any

from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.common import RawValue

from tests.workflows.world import Handle

_GAVE_UP = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
)


def payload(data: bytes, encoding: bytes | None = b"json/plain") -> Payload:
    """One argument, byte for byte."""
    return Payload(metadata={"encoding": encoding} if encoding is not None else {}, data=data)


def sent(value: Any) -> Payload:
    """One argument that is JSON."""
    return payload(json.dumps(value).encode())


def raw(*payloads: Payload) -> list[RawValue]:
    """Arguments that the client sends as they are."""
    return [RawValue(each) for each in payloads]


async def send_signal(client: Client, handle: Handle, name: str, *payloads: Payload) -> None:
    """Send a signal past the SDK's client, which would refuse or mend some of what tests send."""
    await client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=handle.id),
            signal_name=name,
            input=Payloads(payloads=payloads) if payloads else None,
        )
    )


async def metadata(handle: Handle) -> WorkflowMetadata:
    """What the Temporal UI shows of a workflow: its card, its handlers and their descriptions."""
    found: WorkflowMetadata = await handle.query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    return found


async def troubles(handle: Handle) -> list[str]:
    """Every event of a workflow's history that says that something stuck or failed.

    That a task was not answered in time does not: its worker may have been busy, or gone. One that
    sticks is never answered, so that whoever waits for what comes of it waits in vain.
    """
    found = []
    async for event in handle.fetch_history_events():
        if event.event_type in _GAVE_UP:
            found.append(EventType.Name(event.event_type))
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            cause = event.workflow_task_failed_event_attributes.cause
            # A message that arrives in the moment in which a history ends has it wait; no trouble.
            if cause != WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND:
                found.append(WorkflowTaskFailedCause.Name(cause))
    return found


async def is_at_work(handle: Handle) -> bool:
    """Whether a worker has brought a task of a workflow to its end."""
    done = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    return any([event.event_type == done async for event in handle.fetch_history_events()])
