"""Finding the notices that are owed and that nobody delivers, and having them delivered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from activities.accounts import UnansweredError, delivering
from activities.comparing import Finding
from db.queries.overdue import Overdue, overdue_notices, state_of
from db.recording.owed import supersede_by_the_record
from domain.instants import rfc3339
from domain.notices.ledger import NoticeState, Owed
from domain.workflow_ids import delivery_workflow_id, workflow_id_of

NOTICE = "notice"
"""What a finding about a notice is about."""


class OverdueNotices:
    """Looks after what is overdue: a notice whose workflow never heard of it, or has lost it.

    A row of the ledger is written before anybody is told to deliver it. Where the one who should
    have told dies in between, the row alone says that something is owed.
    """

    def __init__(self, client: Client, engine: AsyncEngine, task_queue: str) -> None:
        self._client = client
        self._engine = engine
        self._task_queue = task_queue

    async def page(self, *, limit: int, after: str) -> list[Overdue]:
        """The overdue notices from after one on, in the order of their ids."""
        async with self._engine.connect() as conn:
            return await overdue_notices(conn, datetime.now(UTC), limit=limit, after=after)

    async def looked_after(self, overdue: Overdue, *, apply: bool) -> Finding | None:
        """What is wrong with an overdue notice; None where somebody delivers it after all.

        With `apply`, its delivery begins, unless it has lost its point. That is a workflow by the
        notice's own id: of two who find it at the same time one begins it, and it is sent once.
        """
        finding = Finding(subject=NOTICE, id=overdue.owed.id)
        line = (
            f"{overdue.owed.summary} is owed since {rfc3339(overdue.since)}, and nobody delivers it"
        )
        try:
            if await self._is_delivered_by_somebody(overdue):
                return None
        except UnansweredError as error:
            return replace(finding, unanswered=str(error))
        # Asked last: whoever was delivering it when it was found may have ended it, and then ended.
        match await self._state(overdue, apply=apply):
            case NoticeState.OWED if not apply:
                return replace(finding, differs=(line,))
            case NoticeState.OWED:
                await self._begin(overdue.owed)
                return replace(finding, mended=(line,))
            case NoticeState.SUPERSEDED if apply:
                return replace(finding, mended=(line,), remark="it has lost its point: superseded")
            case _:
                return None

    async def _is_delivered_by_somebody(self, overdue: Overdue) -> bool:
        """Asks every workflow that may be delivering it.

        Raises UnansweredError where none says that it is, and one says nothing.
        """
        follows_from = overdue.follows_from
        candidates = {
            delivery_workflow_id(overdue.owed.id),
            *(workflow_id_of(subject, its_id) for subject, its_id in overdue.decided_by),
            *([delivery_workflow_id(follows_from)] if follows_from is not None else []),
        }
        unanswered: UnansweredError | None = None
        for workflow_id in sorted(candidates):
            try:
                its = await delivering(self._client.get_workflow_handle(workflow_id))
            except UnansweredError as error:
                unanswered = error
            else:
                if overdue.owed.id in its:
                    return True
        if unanswered is not None:
            raise unanswered
        return False

    async def _state(self, overdue: Overdue, *, apply: bool) -> NoticeState | None:
        async with self._engine.begin() as conn:
            if apply and overdue.booking_id is not None:
                await supersede_by_the_record(conn, overdue.booking_id)
            return await state_of(conn, overdue.owed.id)

    async def _begin(self, owed: Owed) -> None:
        await self._client.start_workflow(
            # By its names, as the API does too.
            "Delivery",
            owed,
            id=delivery_workflow_id(owed.id),
            task_queue=self._task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=owed.summary,
            # One that is about to end goes round once more.
            start_signal="asked",
        )
