"""What became of a command that may come in the very moment in which its workflow ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.service import RPCError, RPCStatusCode

from tests.workflows.world import RefusedError

ENDED = "ended"


async def outcome_of(give: Callable[[], Awaitable[Any]]) -> str | RefusedError:
    """`applied`; the refusal; or that the workflow had ended already."""
    try:
        await give()
    except RefusedError as refused:
        return refused
    except RPCError as error:
        if error.status is RPCStatusCode.FAILED_PRECONDITION:
            # It came in the very moment in which the workflow ended; the API sends it once more.
            return await outcome_of(give)
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return ENDED
    return "applied"
