"""The frequent look for notices that are owed and that nobody delivers, as a workflow."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client, ScheduleActionStartWorkflow
from temporalio.common import RawValue, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.record_comparer import ComparisonResult, RecordComparer
    from workflows.comparison import show
    from workflows.payloads import NOTHING
    from workflows.schedules import keep

SCHEDULE_ID = "keepdate-sweep"
WORKFLOW_ID = "sweep"

EVERY = timedelta(minutes=10)
"""With the ten minutes after which a notice is overdue, that is soon enough for any reminder."""

_JITTER = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)
_HEARTBEAT = timedelta(minutes=2)


@workflow.defn(name="Sweep")
class SweepWorkflow:
    """Has every notice delivered that is owed and that nobody delivers.

    Who writes a notice into the ledger has it delivered, and may die in between. This is for what
    is left behind then: the row is all that there is to go by.
    """

    @workflow.run
    async def run(self, given: RawValue = NOTHING) -> ComparisonResult:
        """One look at all that is overdue; the result says what was taken up again."""
        del given
        result = await workflow.execute_activity_method(
            RecordComparer.sweep_ledger,
            start_to_close_timeout=_LONGEST,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=RetryPolicy(maximum_interval=timedelta(minutes=1)),
            summary="look for notices that nobody delivers",
        )
        show(f"{result.mended} of {result.compared} overdue notices taken up again", result)
        return result


async def schedule(client: Client, task_queue: str) -> None:
    """Have it looked for every ten minutes; asking for it again changes nothing."""
    action = ScheduleActionStartWorkflow(
        "Sweep",
        id=WORKFLOW_ID,
        task_queue=task_queue,
        static_summary="Is anything owed that nobody delivers?",
    )
    await keep(client, SCHEDULE_ID, action, every=EVERY, jitter=_JITTER)
