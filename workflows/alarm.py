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
            self._timer = asyncio.create_task(
                workflow.sleep(deadline.at - workflow.now(), summary=str(deadline))
            )
