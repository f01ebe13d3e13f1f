"""What comes of what is said to Temporal: an outcome, or the error that it cannot be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain.refusal import Code, FieldError, Refusal

_DELIVER_WITHIN = timedelta(seconds=5)
"""How long Temporal itself may take to acknowledge something."""

_CLOSED_MEANWHILE = "AcceptedUpdateCompletedWorkflow"
_UNREACHABLE = frozenset(
    {
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.INTERNAL,
        # A key or a certificate of ours has run out: nothing that a caller could mend.
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.UNAUTHENTICATED,
    }
)

T = TypeVar("T")


class TemporalUnreachableError(Exception):
    """Temporal does not answer, so it is not known whether anything was taken."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A worker carried the command out, and it is on record."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """No worker has answered in time; the command is kept, and will be carried out once."""


@dataclass(frozen=True, kw_only=True)
class NotRunning:
    """There is no such workflow, or it has ended: nobody is there to take the command."""


Outcome = Applied | Taken | NotRunning | Refusal


async def outcome_of(update: Awaitable[Any]) -> Outcome:
    """What a worker answers to an update."""
    try:
        await update
    except WorkflowUpdateFailedError as error:
        return _refused(error)
    return Applied()


def _refused(error: WorkflowUpdateFailedError) -> Outcome:
    cause = error.cause
    if not isinstance(cause, ApplicationError):
        raise error
    if cause.type == _CLOSED_MEANWHILE:
        return NotRunning()
    if cause.type not in set(Code):
        raise error
    details = cause.details[0] if cause.details else {}
    free = details.get("free_starts")
    return Refusal(
        code=Code(cause.type),
        message=cause.message,
        errors=tuple(FieldError(**each) for each in details.get("errors", ())),
        free_starts=None if free is None else tuple(free),
    )


async def taken(signal: Awaitable[Any]) -> Outcome:
    """Has Temporal keep a command that no worker has answered."""
    try:
        await acknowledged(signal)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return NotRunning()
        raise
    return Taken()


async def acknowledged(call: Awaitable[T]) -> T:
    """What Temporal itself answers, which takes no worker. Raises TemporalUnreachableError."""
    try:
        async with asyncio.timeout(_DELIVER_WITHIN.total_seconds()):
            return await call
    except TimeoutError as error:
        raise TemporalUnreachableError("no answer in time") from error
    except (RPCError, RuntimeError) as error:
        if is_outage(error):
            raise TemporalUnreachableError(str(error)) from error
        raise


def is_outage(error: RPCError | RuntimeError) -> bool:
    """Whether Temporal cannot be reached; any other error of a call is a bug."""
    if isinstance(error, RPCError):
        return error.status in _UNREACHABLE or _is_no_namespace(error)
    # The SDK has no error of its own for a first connection that fails.
    return "onnect" in str(error)


def _is_no_namespace(error: RPCError) -> bool:
    """Whether it is our namespace that is not there, and not what was asked for in it."""
    return error.status is RPCStatusCode.NOT_FOUND and any(
        each.Is(NamespaceNotFoundFailure.DESCRIPTOR) for each in error.grpc_status.details
    )
