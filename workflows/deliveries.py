"""What a workflow sends out: one activity for each notice that is owed, beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.delivering import Courier, Errand, delivery_queue
    from domain.notices.ledger import LONGEST_WAIT, Owed
    from workflows.snapshot import Undelivered

ATTEMPT = timedelta(seconds=30)
"""How long one attempt may take."""

SILENCE = timedelta(seconds=10)
"""An attempt of which nothing is heard for so long has died with its worker."""

MOST_AT_ONCE = 1000
"""So many deliveries of one workflow are under way at most. Temporal lets no workflow go on that
waits for 2,000 activities, and one dead endpoint makes each of them wait for a day."""

# The activity itself gives up, after 24 hours of attempts: it writes down that it does.
RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=LONGEST_WAIT,
)


class Deliveries:
    """The deliveries that are under way, each in a task of its own: they hold nothing up.

    They are ordinary activities, never local ones: a local activity holds the workflow's task, and
    what waits here waits for somebody else's server.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, tuple[Undelivered, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._under_way)

    @property
    def under_way(self) -> list[str]:
        """The ids of the notices that are under way."""
        return list(self._under_way)

    def start(self, owed: Iterable[Owed]) -> None:
        """Have notices delivered, from now on; those that are under way already, go on."""
        self.resume(Undelivered(notice=each, since=workflow.now()) for each in owed)

    def resume(self, undelivered: Iterable[Undelivered]) -> None:
        """Go on with what the last history handed over.

        What is too much is left to the `Sweep`, which finds it overdue and has it delivered by a
        workflow of its own: what waited here would wait for the slowest of all.
        """
        for each in undelivered:
            if each.notice.id in self._under_way:
                continue
            if len(self._under_way) >= MOST_AT_ONCE:
                workflow.logger.warning("%s is left to the sweep", each.notice.summary)
            else:
                task = asyncio.create_task(self._deliver(each))
                self._under_way[each.notice.id] = each, task

    def handed_over(self) -> tuple[Undelivered, ...]:
        """What the next history goes on with."""
        return tuple(each for each, _ in self._under_way.values())

    async def _deliver(self, undelivered: Undelivered) -> None:
        notice = undelivered.notice
        try:
            delivered = await workflow.execute_activity_method(
                Courier.deliver,
                Errand(notice_id=notice.id, since=undelivered.since),
                task_queue=delivery_queue(workflow.info().task_queue),
                start_to_close_timeout=ATTEMPT,
                heartbeat_timeout=SILENCE,
                retry_policy=RETRIES,
                summary=notice.summary,
            )
            self.start(delivered.owed)
        except ActivityError as error:
            # Not by its own doing, which is to try again: somebody has ended the activity.
            workflow.logger.warning("%s is delivered no more: %s", notice.summary, error)
        del self._under_way[notice.id]
