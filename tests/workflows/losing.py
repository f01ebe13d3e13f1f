"""Having Temporal forget a workflow, as one does that was restored from an older copy."""

from __future__ import annotations

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionDescription
from temporalio.service import RPCError, RPCStatusCode

from tests.workflows.world import Handle, World


async def lost(world: World, booking_id: str) -> Handle:
    """The workflow of a booking, of which Temporal knows nothing any more."""
    handle = world.booking(booking_id)
    await world.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=world.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=handle.id),
        )
    )
    await world.until(lambda: _described(handle), lambda found: found is None)
    return handle


async def _described(handle: Handle) -> WorkflowExecutionDescription | None:
    try:
        return await handle.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None
