"""The report of something late, as it reaches a real Temporal server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.reporting import LateEventReport, LateEventReporter
from db.ids import new_id
from domain.booking.events import LateEventReported
from domain.lateness import LateKind

START = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
ASKED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def _report(provider_id: str, event_id: str) -> LateEventReport:
    return LateEventReport(
        provider_id=provider_id,
        booking_id="booking-1",
        event=LateEventReported(
            at=ASKED,
            id=event_id,
            kind=LateKind.RESCHEDULE,
            scheduled_start=START,
            initiated_at=ASKED,
            late_within_seconds=432_000,
        ),
    )


async def _signals(temporal: WorkflowEnvironment, workflow_id: str) -> list[tuple[str, Any]]:
    converter = temporal.client.data_converter
    found = []
    async for event in temporal.client.get_workflow_handle(workflow_id).fetch_history_events():
        if event.HasField("workflow_execution_signaled_event_attributes"):
            signal = event.workflow_execution_signaled_event_attributes
            (body,) = await converter.decode(signal.input.payloads)
            found.append((signal.signal_name, body))
    return found


async def test_a_report_starts_a_standing_once_and_signals_it(
    temporal: WorkflowEnvironment,
) -> None:
    # A queue of its own, that no worker serves: what arrives stays to be looked at.
    queue = f"nobody-{new_id()}"
    provider_id = f"ada-{new_id()}"
    reporter = LateEventReporter(temporal.client, queue)
    for event_id in ("late-1", "late-2"):
        await ActivityEnvironment().run(reporter.report_late_event, _report(provider_id, event_id))
    handle = temporal.client.get_workflow_handle(f"provider-standing/{provider_id}")
    started = await handle.describe()
    assert (started.workflow_type, started.task_queue) == ("ProviderStanding", queue)
    signals = await _signals(temporal, handle.id)
    assert [name for name, _ in signals] == ["late-event", "late-event"]
    assert signals[0][1] == {
        "command_id": "late-1",
        "by": {"role": "service", "id": "booking"},
        "id": "late-1",
        "booking_id": "booking-1",
        "kind": "reschedule",
        "scheduled_start": "2026-03-06T09:00:00Z",
        "initiated_at": "2026-03-02T09:00:00Z",
        "claimed": False,
        "late_within_seconds": 432_000,
    }
    await handle.terminate("The test is over.")
