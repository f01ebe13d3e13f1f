"""What Temporal's server says of workflows, in its own words.

The SDK has no word for a workflow that is paused, and fails where it meets one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode


async def described(client: Client, workflow_id: str) -> DescribeWorkflowExecutionResponse | None:
    """The newest run of a workflow; None where the server does not know it."""
    asked = DescribeWorkflowExecutionRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
    )
    try:
        return await client.workflow_service.describe_workflow_execution(asked, retry=True)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None


async def listed(
    client: Client, query: str, *, page_size: int = 0
) -> AsyncIterator[list[WorkflowExecution]]:
    """The runs that a query finds, page by page; of as many as the server likes, if not said."""
    token = b""
    while True:
        asked = ListWorkflowExecutionsRequest(
            namespace=client.namespace, query=query, page_size=page_size, next_page_token=token
        )
        listing = await client.workflow_service.list_workflow_executions(asked, retry=True)
        yield [each.execution for each in listing.executions]
        token = listing.next_page_token
        if not token:
            return
