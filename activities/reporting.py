"""The activity that tells a provider's standing of something late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from temporalio import activity
from temporalio.client import Client

from activities.beginning import begin_standing
from domain.booking.events import LateEventReported
from domain.instants import rfc3339
from domain.party import A_BOOKING

REPORT_LATE_EVENT = "report-late-event"


@dataclass(frozen=True, kw_only=True)
class LateEventReport:
    """What a booking reports to its provider's standing."""

    provider_id: str
    booking_id: str
    event: LateEventReported


class LateEventReporter:
    """Signals standings, and starts the standing of a provider of whom nothing late was known."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    @activity.defn(name=REPORT_LATE_EVENT)
    async def report_late_event(self, report: LateEventReport) -> None:
        """Delivers a late event to its provider's standing, which counts it once by its id."""
        await begin_standing(
            self._client,
            self._task_queue,
            report.provider_id,
            signal="late-event",
            told=_signal(report),
        )


def _signal(report: LateEventReport) -> dict[str, Any]:
    event = report.event
    # Without `at`: how late it was lies in the two instants, and the provider's time to contest a
    # claim or to bring proof begins when the standing hears of it, however long that took.
    return {
        "command_id": event.id,
        "by": {"role": A_BOOKING.role.value, "id": A_BOOKING.id},
        "id": event.id,
        "booking_id": report.booking_id,
        "kind": event.kind.value,
        "scheduled_start": rfc3339(event.scheduled_start),
        "initiated_at": rfc3339(event.initiated_at),
        "claimed": event.claimed,
        "late_within_seconds": event.late_within_seconds,
    }
