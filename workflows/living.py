"""How a workflow lives: from history to history, until all is over, whoever asks it to stop.

What happens within a history is the loop of decisions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.party import UNNAMED_SERVICE
    from domain.refusal import Code, refuse
    from workflows.decision_loop import DecisionLoop
    from workflows.inbox import C
    from workflows.machine import E, S
    from workflows.snapshot import Progress

T = TypeVar("T")


class Living(DecisionLoop[S, C, E]):
    """What a booking and a standing have in common beyond one history."""

    # Beginning, and handing over to the next history.

    def _start(self, state: S, progress: Progress, history_limit: int | None) -> None:
        self._state = state
        self._log.go_on_from(progress)
        self._deliveries.resume(progress.owed)
        if history_limit is not None:
            # What a history begins with does not fill it, or it would never get beyond that.
            self._history_limit = history_limit + len(progress.owed)
        for outcome in progress.outcomes:
            self._outcomes.remember(outcome.key, outcome.refusal)

    def _handed_over(self) -> Progress:
        return replace(
            self._log.handed_over(),
            outcomes=self._outcomes.handed_over(),
            owed=self._deliveries.handed_over(),
        )

    # Living on, through requests to cancel.

    async def _live(self) -> bool:
        """Run to the end of this history. True where another one should follow."""
        while True:
            continues = await self._uncancelled(self._run_history())
            # A request to cancel may have come together with the very last decision.
            if not self._log.unrecorded:
                return continues

    async def _uncancelled(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry some work through, whatever is asked of the workflow from outside.

        A request to cancel the workflow is not a decision about the booking: it is refused. The
        work runs in a task of its own, so that such a request interrupts nothing.
        """
        task = asyncio.create_task(work)
        while True:
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                # A request reaches us alone. Where the work is cancelled too, the worker makes room
                # in its memory, and we must go: to wait on would spin for ever.
                if task.cancelled():
                    raise
                message = "A workflow is not cancelled from outside: give it a command instead."
                self._note("cancel-workflow", UNNAMED_SERVICE, refuse(Code.NOT_ALLOWED, message))

    async def _run_history(self) -> bool:
        while True:
            continues = await self._run_until_over()
            # Every update is answered before the history ends, also those that came just now.
            await workflow.wait_condition(workflow.all_handlers_finished)
            if not self._inbox and not self._log.unrecorded:
                return continues
