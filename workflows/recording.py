"""How a workflow has something written down: quickly if it can, and for certain in any case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

T = TypeVar("T")

QUICK = timedelta(seconds=2)
"""One quick attempt. A local activity holds the workflow task, so it must not last."""

QUICK_IN_ALL = timedelta(seconds=3)
"""All quick attempts together stay within the four seconds of a workflow task."""

PATIENT = timedelta(seconds=30)
"""One patient attempt, of as many as it takes: a stalled database stalls nothing else."""


async def carried_out(activity: Callable[..., Awaitable[T]], argument: Any, *, summary: str) -> T:
    """The result of an activity that is idempotent and must not be lost.

    Tried first as a local activity, which costs the history a single event. Where that does not
    succeed in a few seconds, as an ordinary one, for as long as it takes.
    """
    try:
        return await workflow.execute_local_activity(
            activity,
            argument,
            start_to_close_timeout=QUICK,
            schedule_to_close_timeout=QUICK_IN_ALL,
            retry_policy=RetryPolicy(
                initial_interval=timedelta(milliseconds=50),
                maximum_interval=timedelta(seconds=1),
                maximum_attempts=3,
            ),
            summary=summary,
        )
    except FailureError as error:
        # In a replay the failure of a local activity comes without the ActivityError around it.
        cause = error.cause if isinstance(error, ActivityError) else error
        if isinstance(cause, ApplicationError) and cause.non_retryable:
            raise cause from error
    return await workflow.execute_activity(
        activity,
        argument,
        start_to_close_timeout=PATIENT,
        retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=30)),
        summary=f"{summary} (patiently)",
    )
