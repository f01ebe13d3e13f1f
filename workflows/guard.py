"""The last guard of a workflow: no message from outside may stick or fail it."""

# ruff: noqa: A002 - `input` is what the SDK calls the argument of every interceptor

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from workflows.payloads import NOTHING, by_itself, surplus


class Guard(Interceptor):
    """Makes every handler of a worker get one raw argument, whatever was sent."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        """The guard of each workflow's inbound calls."""
        return _InboundGuard


class _InboundGuard(WorkflowInboundInterceptor):
    def execute_workflow(self, input: ExecuteWorkflowInput) -> Coroutine[Any, Any, Any]:
        # Passed on, and not awaited: what waits here is in memory for as long as the workflow.
        # And as copies, for so would be the whole message of which they are parts: see `runner`.
        input.args = [RawValue(by_itself(_one(input.args).payload))]
        input.headers = {name: by_itself(payload) for name, payload in input.headers.items()}
        return self.next.execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        defined = workflow.get_signal_handler(input.signal) is not None
        if defined:
            input.args = [_one(input.args)]
        await super().handle_signal(input)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        self._normalise(input)
        super().handle_update_validator(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        self._normalise(input)
        return await super().handle_update_handler(input)

    @staticmethod
    def _normalise(input: HandleUpdateInput) -> None:
        if workflow.get_update_handler(input.update) is not None:
            input.args = [_one(input.args)]


def _one(args: Any) -> RawValue:
    """The one argument that a handler takes; a stand-in for none, or for too many."""
    if not args:
        return NOTHING
    if len(args) == 1 and isinstance(args[0], RawValue):
        return args[0]
    # A handler takes one argument, so the SDK calls it with two and fails the workflow task.
    return surplus(len(args))
