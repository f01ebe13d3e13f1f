"""Comparing one workflow with what is on record of it, and having it recorded again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.accounts import Accounts, GoneError, Handle, UnansweredError
from activities.beginning import begin_booking_again, begin_standing
from activities.executions import described
from db.personal.pseudonym import is_pseudonym
from db.queries.bookings import get_booking
from db.repair.comparing import Compared, compare, with_claim_settled
from db.repair.differences import Kind
from db.repair.expected import Expected, expected_of_booking, expected_of_standing
from db.repair.mending import MovedOnError, mend
from domain.account import Account
from domain.booking.state import Booking
from domain.record import Subject
from domain.standing.state import Standing
from domain.workflow_ids import subject_of, workflow_id_of

TAKE_STOCK = "take-stock"
"""A signal that is no command: a workflow records that it is refused, and sees the record then."""

_LOOKS = 4
"""So often a difference is looked at before it is taken for somebody's work in progress."""

_IN_BRIEF = 20
"""So many lines of a finding are told in brief. Where the database was restored from an older copy,
those of one standing can be a thousand."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is wrong with one booking, one standing or one notice, in readable lines.

    `differs` is what still does, `mended` what did. `why` says why something was left, `remark`
    what was lost for good; `unanswered` why the workflow could not be asked.
    """

    subject: str
    id: str
    differs: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    unanswered: str | None = None
    why: str | None = None
    remark: str | None = None

    def in_brief(self) -> Finding:
        """The same, in no more lines than fit with others into what Temporal takes."""
        return replace(self, differs=_first(self.differs), mended=_first(self.mended))


def _first(lines: tuple[str, ...]) -> tuple[str, ...]:
    more = len(lines) - _IN_BRIEF
    return (*lines[:_IN_BRIEF], f"and {more} more") if more > 0 else lines


class Comparer:
    """Compares, and mends where it is asked to.

    A workflow has everything recorded before its own state moves, so that the two differ for a
    moment with every decision. A difference counts only when it is there on a second look, with
    nothing decided in between.
    """

    def __init__(
        self, client: Client, engine: AsyncEngine, task_queue: str, *, pause: float = 1.0
    ) -> None:
        self._client = client
        self._engine = engine
        self._task_queue = task_queue
        self._accounts = Accounts(client)
        self._pause = pause

    def handle(self, subject: Subject, subject_id: str) -> Handle:
        """The workflow of a booking or of a provider's standing."""
        return self._client.get_workflow_handle(workflow_id_of(subject, subject_id))

    async def compared(self, workflow_id: str, *, apply: bool) -> Finding | None:
        """What is wrong with what is on record of a workflow; None if nothing is."""
        subject, subject_id = subject_of(workflow_id)
        handle = self.handle(subject, subject_id)
        finding = Finding(subject=subject.value, id=subject_id)
        try:
            return await self._compared(handle, finding, apply)
        except GoneError:
            return None
        except UnansweredError as error:
            return replace(finding, unanswered=str(error))

    async def _compared(self, handle: Handle, finding: Finding, apply: bool) -> Finding | None:
        before: object = None
        for look in range(_LOOKS):
            await asyncio.sleep(self._pause * look)
            account = await self._ask(handle, finding)
            state = account.state
            if state is None:
                return None  # it has not begun, and nothing of it is on record
            expected, found = await self._read(account, state)
            if found.recording is None and not account.number:
                return None  # its first command was refused, and nothing has been decided yet
            if found.recording is None or _has_gaps(found):
                account = await self._accounts.with_earlier(handle, account)
                expected, found = await self._read(account, state)
            if not found.differences or _is_erased(found):
                return None
            if account.writing is not None and found.recording == account.writing:
                before = None  # on record already, and about to be known to the workflow
                continue
            seen = (account.number, found.recording, found.differences)
            if seen != before:
                before = seen
                continue
            if _goes_on(account, found):
                why = await self._followed(handle) if apply else _lost(handle)
                return replace(finding, differs=tuple(map(str, found.differences)), why=why)
            if not apply:
                return replace(finding, differs=tuple(map(str, found.differences)))
            try:
                return await self._mended(finding, expected, found)
            except MovedOnError:
                before = None
        return None  # it is being decided on all the time, and the next look is tomorrow's

    async def _followed(self, handle: Handle) -> str:
        """Has a workflow look at the record, which goes on where it ends; what to say of that."""
        try:
            await handle.signal(TAKE_STOCK)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return _lost(handle)  # it has ended where it was reset to, and cannot be told
        return (
            "it was decided in a history that was reset or lost: the workflow has been told to"
            f" follow the record, by the signal {TAKE_STOCK}"
        )

    async def _mended(self, finding: Finding, expected: Expected, found: Compared) -> Finding:
        done = await mend(self._engine, expected, seen=found)
        return replace(
            finding,
            differs=tuple(map(str, done.left)),
            mended=tuple(map(str, done.mended)),
            why=done.why,
            remark=done.remark,
        )

    async def _ask(self, handle: Handle, finding: Finding) -> Account[Any, Any]:
        if finding.subject == Subject.STANDING:
            return await self._accounts.of_standing(handle)
        account = await self._accounts.of_booking(handle)
        return await self._accounts.with_earlier(handle, account)

    async def _read(
        self, account: Account[Any, Any], state: Booking | Standing
    ) -> tuple[Expected, Compared]:
        # One snapshot: what is recorded between two statements would look like a difference.
        async with self._engine.connect() as conn:
            await conn.execution_options(isolation_level="REPEATABLE READ")
            if isinstance(state, Booking):
                state = await with_claim_settled(conn, state)
                expected = expected_of_booking(account, state)
            else:
                expected = expected_of_standing(account, state)
            return expected, await compare(conn, expected)

    async def without_workflow(
        self,
        subject: Subject,
        subject_id: str,
        *,
        apply: bool,
        ended_before: datetime | None = None,
    ) -> Finding | None:
        """What is wrong with something that is open by the record, and that nobody may keep.

        With `ended_before`, what has ended since then was compared before, and is left out.
        It begins again where its record ends. Only a booking that Temporal still remembers is left
        to people: its own history knows more, and somebody has ended it on purpose.
        """
        workflow_id = self.handle(subject, subject_id).id
        told = await described(self._client, workflow_id)
        info = told.workflow_execution_info if told else WorkflowExecutionInfo()
        status = info.status
        if status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
            return None
        if status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED:
            if ended_before is not None and info.close_time.ToDatetime(UTC) > ended_before:
                return None
            return await self.compared(workflow_id, apply=apply)
        how = f"was {_in_words(status)}" if status else "is unknown to Temporal"
        line = f"its workflow {how}: nobody keeps its deadlines"
        finding = Finding(subject=subject.value, id=subject_id)
        if status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED:
            return replace(
                finding,
                differs=(line,),
                why=f"`temporal workflow unpause --workflow-id {workflow_id}` has it go on",
            )
        if subject is Subject.BOOKING and status:
            return replace(
                finding,
                differs=(line,),
                why=f"`temporal workflow reset --workflow-id {workflow_id} --type LastWorkflowTask"
                f' --reason "It was {_in_words(status)}."` brings it back while Temporal remembers'
                " it",
            )
        if not apply:
            return replace(finding, differs=(line,))
        if subject is Subject.STANDING:
            await begin_standing(self._client, self._task_queue, subject_id)
        else:
            async with self._engine.connect() as conn:
                row = await get_booking(conn, subject_id)
            if row is None or row.booking.closed:
                return None
            await begin_booking_again(self._client, self._task_queue, row.booking)
        return replace(finding, mended=(line,))


def _in_words(status: WorkflowExecutionStatus.ValueType) -> str:
    name = WorkflowExecutionStatus.Name(status)
    return name.removeprefix("WORKFLOW_EXECUTION_STATUS_").lower().replace("_", " ")


def _has_gaps(found: Compared) -> bool:
    return any(each.kind is Kind.FORGOTTEN for each in found.differences)


def _goes_on(account: Account[Any, Any], found: Compared) -> bool:
    """Whether what is on record goes on where the workflow ends: it was reset, or restored.

    What happened since is not undone: people were told of it, and have acted on it.
    """
    ahead = found.recording is not None and found.recording > account.number
    return ahead and any(each.kind is Kind.SURPLUS for each in found.differences)


def _lost(handle: Handle) -> str:
    return (
        "it was decided in a history that was reset or lost: `temporal workflow signal"
        f" --workflow-id {handle.id} --name {TAKE_STOCK}` has the workflow follow the record, and"
        " so has --apply"
    )


def _is_erased(found: Compared) -> bool:
    """Whether somebody was erased from it: the record is right, whatever the history still says."""
    head = found.head or {}
    return any(is_pseudonym(str(head.get(name))) for name in ("provider_id", "client_id"))
