"""What Temporal starts by itself, time and again."""

from __future__ import annotations

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)


async def keep(
    client: Client,
    schedule_id: str,
    action: ScheduleActionStartWorkflow,
    *,
    every: timedelta,
    jitter: timedelta,
) -> None:
    """Have something started time and again, one at a time; asking for it again changes nothing.

    Operators may pause it or give it another time in the Temporal UI: that stays as they set it.
    What was missed while Temporal was down is left out, but for one that is `jitter` late at most.
    """
    schedule = Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)], jitter=jitter),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=jitter),
    )
    try:
        await client.create_schedule(schedule_id, schedule)
    except ScheduleAlreadyRunningError:
        return
