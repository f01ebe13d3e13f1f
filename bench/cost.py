"""What each path of a booking and of a standing costs: events, bytes, billable actions.

Counted in the histories that the tests replay, so nothing runs and nothing is estimated.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from bench.benchmark import Benchmark

_HISTORIES = Path(__file__).resolve().parent.parent / "tests" / "workflows" / "histories"
_LOCAL_ACTIVITY = "core_local_activity"

_ACTIONS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
}
"""Events that Temporal Cloud bills as an action each."""


def cost_of(history: WorkflowHistory) -> dict[str, int]:
    """The events, bytes and billable actions of one history.

    All local activities of one workflow task are billed as one action.
    """
    kinds = Counter(event.event_type for event in history.events)
    tasks = {
        event.marker_recorded_event_attributes.workflow_task_completed_event_id
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
        and event.marker_recorded_event_attributes.marker_name == _LOCAL_ACTIVITY
    }
    return {
        "events": len(history.events),
        "bytes": sum(event.ByteSize() for event in history.events),
        "actions": sum(kinds[kind] for kind in _ACTIONS) + len(tasks),
    }


def _run(given: argparse.Namespace) -> dict[str, Any]:
    del given
    print(f"  {'path':<44} {'events':>7} {'bytes':>8} {'actions':>8}")
    found = {}
    for file in sorted(_HISTORIES.rglob("*-[0-9].json")):
        name = str(file.relative_to(_HISTORIES).with_suffix(""))
        history = WorkflowHistory.from_json(name, file.read_text(encoding="utf-8"))
        found[name] = cost = cost_of(history)
        print(f"  {name:<44} {cost['events']:>7} {cost['bytes']:>8,} {cost['actions']:>8}")
    return {"paths": found}


BENCHMARK = Benchmark(about="history events, bytes and billable actions of each path", run=_run)
