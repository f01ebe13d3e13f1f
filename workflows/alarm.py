"""The one timer of a workflow, for whatever is due next."""

from __future__ import annotations

import asyncio
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.machine import Deadline


class Alarm:
    """Rings at the next deadline."""

    def __init__(self) -> None:
        self._timer: asyncio.Task[None] | None = None
        self._at: datetime | None = None
        self._set_in = 0

    @property
    def rings(self) -> bool:
        """Whether the deadline that it was set to has come."""
        return self._timer is not None and self._timer.done()

    def set(self, deadline: Deadline | None) -> None:
        """Set it anew, unless it is for the same instant: a new timer costs two events."""
        if self.rings:
            self._timer = self._at = None
        at = deadline.at if deadline else None
        if at == self._at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._at = None, at
        if deadline is not None:
            self._set_in = workflow.info().get_current_history_length()
            self._timer = asyncio.create_task(
                workflow.sleep(deadline.at - workflow.now(), summary=str(deadline))
            )

    def take_back(self) -> None:
        """Unset it where it was set in this very task: that leaves nothing in the history.

        A timer from before ends with its workflow; to cancel it would cost an event.
        """
        if self._set_in == workflow.info().get_current_history_length():
            self.set(None)
