"""Asking workflows what they know to be on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import ValidationError
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError, RPCStatusCode

from activities.delivering import DELIVERING
from domain.account import Account
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.standing.events import StandingEvent
from domain.standing.state import Standing

ANSWER_WITHIN = timedelta(seconds=10)
"""How long a workflow may take to answer; one whose task fails again and again never does."""

_UNREADABLE = "it tells what nobody can read"
_WORDS_OF_THE_SDK = {
    # The server says that it is paused, for which the SDK has no word.
    f"{WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED} is not a valid"
    " WorkflowExecutionStatus": "it was paused by hand",
    "Unknown payload encoding binary/encrypted": "it answers encrypted, by a key that is not here",
    "Unknown payload encoding": _UNREADABLE,
}
"""What errors say that it has no type for; the first that fits. Any other is a fault of ours."""

Handle = WorkflowHandle[Any, Any]
S = TypeVar("S")
E = TypeVar("E")


class UnansweredError(Exception):
    """A workflow does not say what it knows; the message says why."""


class GoneError(Exception):
    """Temporal does not know the workflow, or no longer."""


async def delivering(handle: Handle) -> frozenset[str]:
    """The ids of the notices that a workflow is delivering; none, where it has ended or is unknown.

    Raises UnansweredError.
    """
    try:
        found = await _answer(handle, DELIVERING, list[str], unless=QueryRejectCondition.NOT_OPEN)
    except GoneError:
        return frozenset()
    return frozenset(found)


class Accounts:
    """Has workflows tell all that they know to be on record. It costs their history nothing."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of_booking(self, handle: Handle) -> Account[Booking, BookingEvent]:
        """What a booking's workflow knows. Raises UnansweredError, GoneError."""
        account: Account[Booking, BookingEvent]
        account = await _whole(handle, Account[Booking, BookingEvent])
        return account

    async def of_standing(self, handle: Handle) -> Account[Standing, StandingEvent]:
        """What a standing's workflow knows. Raises UnansweredError, GoneError."""
        account: Account[Standing, StandingEvent]
        account = await _whole(handle, Account[Standing, StandingEvent])
        return account

    async def with_earlier(self, handle: Handle, account: Account[S, E]) -> Account[S, E]:
        """The account with what the workflow's earlier histories know, while Temporal has them."""
        kind = _kind_of(account)
        while account.recordings and account.recordings[0].number > 1:
            earlier = await self._before(handle)
            if earlier is None:
                return account
            handle = earlier
            try:
                told = await _whole(handle, kind)
            except (UnansweredError, GoneError):
                return account
            first = account.recordings[0].number
            before = tuple(each for each in told.recordings if each.number < first)
            if before:
                account = replace(account, recordings=(*before, *account.recordings))
        return account

    async def _before(self, handle: Handle) -> Handle | None:
        try:
            async for event in handle.fetch_history_events(page_size=1):
                begun = event.workflow_execution_started_event_attributes
                run_id = begun.continued_execution_run_id
                return (
                    self._client.get_workflow_handle(handle.id, run_id=run_id) if run_id else None
                )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return None


def _kind_of(account: Account[Any, Any]) -> Any:
    if isinstance(account.state, Booking):
        return Account[Booking, BookingEvent]
    return Account[Standing, StandingEvent]


async def _whole(handle: Handle, kind: Any) -> Any:
    """An account with all recordings that the workflow still knows, page after page."""
    account = page = await _page(handle, None, kind)
    while page.older:
        page = await _page(handle, page.recordings[0].number, kind)
        account = replace(account, recordings=(*page.recordings, *account.recordings))
    return replace(account, older=False)


async def _page(handle: Handle, before: int | None, kind: Any) -> Any:
    arguments = [] if before is None else [before]
    return await _answer(handle, "record", kind, arguments)


async def _answer(
    handle: Handle,
    query: str,
    kind: Any,
    arguments: Sequence[Any] = (),
    *,
    unless: QueryRejectCondition | None = None,
) -> Any:
    try:
        return await handle.query(
            query,
            args=arguments,
            result_type=kind,
            reject_condition=unless,
            rpc_timeout=ANSWER_WITHIN,
        )
    except WorkflowQueryRejectedError as error:
        raise GoneError from error
    except WorkflowQueryFailedError as error:
        raise UnansweredError(str(error)) from error
    except ValidationError as error:
        raise UnansweredError(_UNREADABLE) from error
    except (ValueError, KeyError) as error:
        why = next((why for words, why in _WORDS_OF_THE_SDK.items() if words in str(error)), None)
        if why is None:
            raise
        raise UnansweredError(why) from error
    except RPCError as error:
        match error.status:
            case RPCStatusCode.NOT_FOUND:
                raise GoneError from error
            case RPCStatusCode.UNAVAILABLE | RPCStatusCode.PERMISSION_DENIED:
                raise
            case RPCStatusCode.DEADLINE_EXCEEDED | RPCStatusCode.CANCELLED:
                raise UnansweredError("no answer in time: it may be stuck") from error
            case _:
                raise UnansweredError(error.message) from error
