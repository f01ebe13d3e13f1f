"""The only way from the API to Temporal: starting bookings, and giving commands.

A command goes as an update, which answers with what came of it. Where no answer comes in time, the
same command goes as a signal, which Temporal keeps until a worker is back: both carry the same
`command_id`, by which the workflow carries it out once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeWorkflowExecutionRequest,
)
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.outcomes import (
    NotRunning,
    Outcome,
    TemporalUnreachableError,
    acknowledged,
    is_outage,
    outcome_of,
    taken,
)
from api.patience import Patience
from config import Settings
from config_temporal import temporal_connection
from domain.booking.decide import NewRequest
from domain.notices.ledger import Owed
from domain.refusal import Code, Refusal
from domain.workflow_ids import booking_workflow_id, delivery_workflow_id, standing_workflow_id
from telemetry import traces
from telemetry.correlation import NamesRequests
from workflows import delivery, fields, messages, search_attributes
from workflows.encryption import converter
from workflows.snapshot import BookingInput, StandingInput
from workflows.start import TASK_TIMEOUT

# The forms of what callers send are the workflows' own: a body is the same object as a signal.
BOOKING_MESSAGES = messages.BOOKING_MESSAGES
STANDING_MESSAGES = messages.STANDING_MESSAGES
HttpUrl = fields.HttpUrl
Identifier = fields.Identifier
Message = messages.Message
Starts = fields.Starts
Text = fields.Text
decode = messages.decode
field_errors = messages.field_errors

_BUSY = frozenset({RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.FAILED_PRECONDITION})

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Order:
    """A command on its way: its name, the one JSON object that it is, and the id of its update."""

    name: str
    payload: dict[str, Any]
    update_id: str


class Gateway:
    """Talks to Temporal in the words of the marketplace."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue
        self._patience = Patience()

    @classmethod
    async def open(cls, settings: Settings) -> Gateway:
        """A gateway that connects when first needed, so that the API starts without Temporal."""
        client = await Client.connect(
            **temporal_connection(settings),
            lazy=True,
            data_converter=converter(settings.codec_keyring),
            interceptors=[NamesRequests()],
            plugins=traces.plugins(),
        )
        return cls(client, settings.task_queue)

    async def is_ready(self, *, within_seconds: float) -> bool:
        """Whether Temporal answers in time, and has our namespace."""
        ours = DescribeNamespaceRequest(namespace=self._client.namespace)
        try:
            async with asyncio.timeout(within_seconds):
                await self._client.workflow_service.describe_namespace(ours)
        except RPCError as error:
            # Who may not ask about a namespace may be allowed all that we need in it.
            return error.status is RPCStatusCode.PERMISSION_DENIED
        except (TimeoutError, RuntimeError):
            return False
        return True

    async def start_booking(self, request: NewRequest) -> None:
        """Begin a booking; if it has begun already, nothing happens."""
        try:
            await self._with_attributes(lambda: acknowledged(self._start_booking(request)))
        except WorkflowAlreadyStartedError:
            return

    async def refused_creation(self, booking_id: str) -> Refusal | None:
        """Why a booking that was started never began; None if it may still do so.

        The topic can have been suspended, and the times can have passed, before a worker came.
        """
        handle, service = self._booking(booking_id), self._client.workflow_service
        asked = DescribeWorkflowExecutionRequest(
            namespace=self._client.namespace, execution=WorkflowExecution(workflow_id=handle.id)
        )
        try:
            # In the server's own words: the SDK has none for one that is paused, and fails.
            found = await acknowledged(service.describe_workflow_execution(asked, retry=True))
            status = found.workflow_execution_info.status
            if status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED:
                return None
            await acknowledged(handle.result())
        except WorkflowFailureError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError) and cause.type in set(Code):
                return Refusal(code=Code(cause.type), message=cause.message)
        except TemporalUnreachableError:
            return None
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return None

    async def tell_booking(self, booking_id: str, order: Order) -> Outcome:
        """Give a command to a booking."""
        handle = self._booking(booking_id)
        answer = await self._answered(
            handle.execute_update(order.name, order.payload, id=order.update_id)
        )
        if answer is not None:
            return answer
        return await taken(handle.signal(order.name, order.payload))

    async def tell_standing(self, provider_id: str, order: Order) -> Outcome:
        """Give a command to a provider's standing, which begins with the first one."""
        answer = await self._with_attributes(
            lambda: self._answered(self._update_standing(provider_id, order))
        )
        if answer is not None:
            return answer
        return await taken(self._signal_standing(provider_id, order))

    async def deliver(self, owed: Owed) -> None:
        """Have a notice delivered that no other workflow owes; if that is under way, it goes on."""
        await acknowledged(
            self._client.start_workflow(
                "Delivery",
                owed,
                id=delivery_workflow_id(owed.id),
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=owed.summary,
                # One that is about to end goes round once more: it may have been owed anew.
                start_signal=delivery.ASKED,
            )
        )

    def _start_booking(self, request: NewRequest) -> Awaitable[Any]:
        return self._client.start_workflow(
            "Booking",
            BookingInput(request=request),
            id=booking_workflow_id(request.booking_id),
            task_queue=self._task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            task_timeout=TASK_TIMEOUT,
            search_attributes=search_attributes.of_request(request, datetime.now(UTC)),
            static_summary=f"{request.client_id} asks {request.provider_id} for a session",
        )

    async def _update_standing(self, provider_id: str, order: Order) -> Any:
        beginning: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            "ProviderStanding",
            StandingInput(provider_id=provider_id),
            **self._beginning_of_standing(provider_id),
        )
        # It keeps an error for itself, too, which would be logged as one that nobody has asked for.
        begun = asyncio.create_task(beginning.workflow_handle())
        try:
            return await self._client.execute_update_with_start_workflow(
                order.name,
                order.payload,
                id=order.update_id,
                start_workflow_operation=beginning,
            )
        finally:
            begun.cancel()

    def _signal_standing(self, provider_id: str, order: Order) -> Awaitable[Any]:
        return self._client.start_workflow(
            "ProviderStanding",
            StandingInput(provider_id=provider_id),
            **self._beginning_of_standing(provider_id),
            start_signal=order.name,
            start_signal_args=[order.payload],
        )

    async def _answered(self, update: Awaitable[Any]) -> Outcome | None:
        """What a worker answers to an update; None where none does in time."""
        try:
            return await self._patience.wait(outcome_of(update))
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            # The SDK turns every cancellation into this error, one from above included.
            _stop_if_cancelled()
            return None
        except (RPCError, RuntimeError) as error:
            status = error.status if isinstance(error, RPCError) else None
            if status in _BUSY:
                return None
            if is_outage(error):
                raise TemporalUnreachableError(str(error)) from error
            if status is RPCStatusCode.NOT_FOUND:
                return NotRunning()
            raise

    async def _with_attributes(self, call: Callable[[], Awaitable[T]]) -> T:
        """Starts something on a server that may not know our search attributes yet.

        They are registered by the first worker. Before there was one, creations are taken too.
        """
        try:
            return await call()
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise
            if "search attribute" not in error.message.lower():
                raise
        await search_attributes.register(self._client)
        return await call()

    def _beginning_of_standing(self, provider_id: str) -> dict[str, Any]:
        """How a standing is begun, should this be the first that is said to it."""
        return {
            "id": standing_workflow_id(provider_id),
            "task_queue": self._task_queue,
            "id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING,
            "task_timeout": TASK_TIMEOUT,
            "search_attributes": search_attributes.of_provider(provider_id),
            "static_summary": f"The standing of {provider_id}",
        }

    def _booking(self, booking_id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(booking_workflow_id(booking_id))


def _stop_if_cancelled() -> None:
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
