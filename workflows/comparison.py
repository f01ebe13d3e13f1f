"""The daily look at whether the record says what the workflows say, as a workflow."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client, ScheduleActionStartWorkflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import TypeAdapter, ValidationError

    from activities.record_comparer import ComparisonInput, ComparisonResult, RecordComparer
    from domain.refusal import Code
    from workflows.payloads import NOTHING, json_of
    from workflows.schedules import keep

SCHEDULE_ID = "keepdate-comparison"
WORKFLOW_ID = "comparison"

EVERY = timedelta(days=1)
_JITTER = timedelta(hours=1)

CLOSED_WITHIN_HOURS = 48.0
"""Each booking is compared twice after it has ended; from then on nobody writes to it."""

_LONGEST = timedelta(hours=12)
_HEARTBEAT = timedelta(minutes=5)


@workflow.defn(name="Comparison")
class ComparisonWorkflow:
    """Compares every booking, standing and overdue notice; the result says what differs."""

    @workflow.run
    async def run(self, given: RawValue = NOTHING) -> ComparisonResult:
        """One round. It changes nothing: `keepdate repair --apply` does."""
        asked = _read(given)
        result = await workflow.execute_activity_method(
            RecordComparer.compare_records,
            asked,
            start_to_close_timeout=_LONGEST,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=RetryPolicy(maximum_interval=timedelta(minutes=5)),
            summary="compare every workflow with the database",
        )
        show(f"{result.differing} of {result.compared} differ", result)
        return result


def show(headline: str, result: ComparisonResult) -> None:
    """Put on the workflow's card what was found, as much of it as a card holds."""
    lines = [
        f"**{headline}**",
        *(
            f"- {each.subject} {each.id}: "
            + (each.unanswered or "; ".join((*each.mended, *each.differs)))
            for each in result.findings
        ),
    ]
    workflow.set_current_details("\n".join(lines)[:4000])


_INPUT = TypeAdapter(ComparisonInput)


def _read(given: RawValue) -> ComparisonInput:
    """What to compare; what is compared every day, if nothing is said.

    Raises `malformed`, which fails the workflow.
    """
    if given == NOTHING:
        return ComparisonInput(closed_within_hours=CLOSED_WITHIN_HOURS)
    found = json_of(given)
    try:
        return _INPUT.validate_json(found if isinstance(found, bytes) else b"")
    except ValidationError:
        raise ApplicationError(
            "not a comparison", type=Code.MALFORMED.value, non_retryable=True
        ) from None


async def schedule(client: Client, task_queue: str) -> None:
    """Have the comparison made every day; asking for it again changes nothing."""
    action = ScheduleActionStartWorkflow(
        # With nothing to read: a schedule outlives every key that it could be encrypted by.
        "Comparison",
        id=WORKFLOW_ID,
        task_queue=task_queue,
        static_summary="Does the record say what the workflows say?",
    )
    await keep(client, SCHEDULE_ID, action, every=EVERY, jitter=_JITTER)
