"""Which request led to what: its id goes along, from HTTP through workflows to activities.

It travels in the headers of Temporal's messages, which are no part of any decision.
"""

# ruff: noqa: A002 - `input` is what the SDK calls the argument of every interceptor

from __future__ import annotations

import logging
import time
from collections.abc import Coroutine, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from temporalio import activity
from temporalio import client as to_temporal
from temporalio import worker as in_worker
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHandle, WorkflowUpdateHandle
from temporalio.workflow import ActivityHandle

_log = logging.getLogger(__name__)

HEADER = "keepdate-request-id"

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being served, or that led to what is being done."""

subject: ContextVar[str | None] = ContextVar("subject", default=None)
"""The id of the workflow that an activity works for, as `booking/<id>`."""

_Headers = Mapping[str, Payload]
_SENT = TypeVar(
    "_SENT",
    to_temporal.StartWorkflowInput,
    to_temporal.SignalWorkflowInput,
    to_temporal.StartWorkflowUpdateInput,
    to_temporal.UpdateWithStartStartWorkflowInput,
    to_temporal.UpdateWithStartUpdateWorkflowInput,
    in_worker.StartActivityInput,
    in_worker.StartLocalActivityInput,
)


def _named(input: _SENT) -> _SENT:
    name = request_id.get()
    if name is not None:
        payload = Payload(metadata={"encoding": b"binary/plain"}, data=name.encode())
        input.headers = {**input.headers, HEADER: payload}
    return input


def _take_up(headers: _Headers) -> None:
    found = headers.get(HEADER)
    if found is not None:
        # Never reset: it ends with the task, and a task that is let go of ends in another context.
        request_id.set(found.data.decode(errors="replace")[:64])


class NamesRequests(to_temporal.Interceptor):
    """Has a client say on behalf of which request it asks."""

    def intercept_client(
        self, next: to_temporal.OutboundInterceptor
    ) -> to_temporal.OutboundInterceptor:
        """Everything that the client sends from now on."""
        return _Sent(next)


class _Sent(to_temporal.OutboundInterceptor):
    async def start_workflow(
        self, input: to_temporal.StartWorkflowInput
    ) -> WorkflowHandle[Any, Any]:
        return await super().start_workflow(_named(input))

    async def signal_workflow(self, input: to_temporal.SignalWorkflowInput) -> None:
        await super().signal_workflow(_named(input))

    async def start_workflow_update(
        self, input: to_temporal.StartWorkflowUpdateInput
    ) -> WorkflowUpdateHandle[Any]:
        return await super().start_workflow_update(_named(input))

    async def start_update_with_start_workflow(
        self, input: to_temporal.StartWorkflowUpdateWithStartInput
    ) -> WorkflowUpdateHandle[Any]:
        _named(input.start_workflow_input)
        _named(input.update_workflow_input)
        return await super().start_update_with_start_workflow(input)


class RemembersRequests(in_worker.Interceptor):
    """Has workflows and activities know on behalf of which request they act."""

    def workflow_interceptor_class(
        self, input: in_worker.WorkflowInterceptorClassInput
    ) -> type[in_worker.WorkflowInboundInterceptor] | None:
        """What each workflow is told."""
        return _Told

    def intercept_activity(
        self, next: in_worker.ActivityInboundInterceptor
    ) -> in_worker.ActivityInboundInterceptor:
        """What each activity is told."""
        return _Acting(next)


class _Told(in_worker.WorkflowInboundInterceptor):
    def init(self, outbound: in_worker.WorkflowOutboundInterceptor) -> None:
        super().init(_PassedOn(outbound))

    def execute_workflow(self, input: in_worker.ExecuteWorkflowInput) -> Coroutine[Any, Any, Any]:
        # Passed on, and not awaited: what waits here would be kept for as long as the workflow.
        _take_up(input.headers)
        return self.next.execute_workflow(input)

    async def handle_signal(self, input: in_worker.HandleSignalInput) -> None:
        _take_up(input.headers)
        await super().handle_signal(input)

    async def handle_update_handler(self, input: in_worker.HandleUpdateInput) -> Any:
        _take_up(input.headers)
        return await super().handle_update_handler(input)


class _PassedOn(in_worker.WorkflowOutboundInterceptor):
    def start_activity(self, input: in_worker.StartActivityInput) -> ActivityHandle[Any]:
        return super().start_activity(_named(input))

    def start_local_activity(self, input: in_worker.StartLocalActivityInput) -> ActivityHandle[Any]:
        return super().start_local_activity(_named(input))


class _Acting(in_worker.ActivityInboundInterceptor):
    async def execute_activity(self, input: in_worker.ExecuteActivityInput) -> Any:
        info = activity.info()
        subject.set(info.workflow_id)
        began = time.perf_counter()
        _take_up(input.headers)
        result = await super().execute_activity(input)
        # One that fails is logged by the SDK.
        seconds = round(time.perf_counter() - began, 4)
        told = {"activity_type": info.activity_type, "attempt": info.attempt}
        _log.info("activity done", extra={**told, "seconds": seconds})
        return result
