"""What workflows measure. The SDK leaves measurements out in a replay, so nothing counts twice."""

from __future__ import annotations

from collections.abc import Iterable

from temporalio import workflow

from domain.party import Role
from domain.record import Entry
from domain.refusal import Code, Refusal

DECISIONS = "keepdate_decisions_total"
REFUSALS = "keepdate_refusals_total"
LATENESS = "keepdate_timer_lateness_seconds"

LATENESS_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86400.0)
"""From a timer that is on time, to one that was due while no worker was there."""


def recorded(entries: Iterable[Entry]) -> None:
    """Count what is on record from now on; and of what the clock did, how late it was done."""
    for entry in entries:
        _decided(entry.command, entry.outcome, entry.code)
        if entry.by.role is Role.CLOCK:
            late = (entry.handled_at - entry.given_at).total_seconds()
            workflow.metric_meter().create_histogram_float(
                LATENESS, "How long after it was due a deadline was handled."
            ).record(max(late, 0.0), {"command": entry.command})


def refused(command: str, refusal: Refusal) -> None:
    """Count a refusal that is answered, and so not put on record."""
    _decided(command, "refused", refusal.code.value)


def _decided(command: str, outcome: str, code: str | None) -> None:
    # Names that nobody knows come from outside, and there is no end of them.
    known = "unknown" if code == Code.UNKNOWN_COMMAND else command
    meter = workflow.metric_meter()
    meter.create_counter(
        DECISIONS, "Decisions on commands and deadlines, by what came of them."
    ).add(1, {"command": known, "outcome": outcome})
    if code is not None:
        meter.create_counter(REFUSALS, "Commands that were refused, by code.").add(
            1, {"code": code}
        )
