"""Where drills take hold of the product from inside: to plant a defect, or another clock.

A seam that was renamed, or takes something else by now, would leave the product as it is, and a
drill would prove nothing. So each is named here, is looked at before it is used, and has a test.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch


class SeamGoneError(Exception):
    """The product is not held together there any more."""


@dataclass(frozen=True)
class Seam:
    """A function of the product, by the module or class that has it, and what it takes."""

    owner: str
    name: str
    takes: tuple[str, ...] = ()

    def found(self) -> Callable[..., Any]:
        """What the product has there. Raises SeamGoneError if that is not what it was."""
        try:
            has: Callable[..., Any] = getattr(resolve_name(self.owner), self.name)
        except (AttributeError, ImportError) as error:
            raise self._gone() from error
        if tuple(inspect.signature(has).parameters) != self.takes:
            raise self._gone()
        return has

    def put(self, other: Callable[..., Any]) -> None:
        """Has the product call something else there, for as long as this process lives."""
        self.found()
        patch.object(resolve_name(self.owner), self.name, other).start()

    def _gone(self) -> SeamGoneError:
        seam = f"{self.owner}.{self.name}({', '.join(self.takes)})"
        return SeamGoneError(f"the seam {seam} is gone: name another in drills/seams.py")


EVENT_ROWS = Seam("db.recording.journal:Journal", "event_rows", ("self",))
REPORT = Seam("activities.reporting:LateEventReporter", "report_late_event", ("self", "report"))
RECALL = Seam("workflows.inbox:Outcomes", "recall", ("self", "key"))
CLAIM = Seam("workflows.inbox:Outcomes", "claim", ("self", "arrived"))
REFUSAL = Seam("db.recording.slots:Wanted", "refusal", ("self", "conn", "known_taken"))
EVOLVE = Seam("domain.booking.evolve", "evolve", ("booking", "event"))
CLOCK = Seam("api.services", "clock")
RELEASE = Seam("worker", "_release")

SEAMS = (EVENT_ROWS, REPORT, RECALL, CLAIM, REFUSAL, EVOLVE, CLOCK, RELEASE)
"""Every one of them."""
