"""Histories of whole lives replay with the code as it is now; `make histories` records new ones."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory

from domain.booking.decide import NewRequest
from domain.booking.events import BookingEvent
from domain.policy import Policy
from domain.standing.events import LateEventsAged, StandingEvent
from domain.standing.state import Standing
from tests.workflows.another_booking import AnotherBooking
from tests.workflows.lives import LIVES, name_of
from tests.workflows.record_histories import HISTORIES, SOURCES, replayer, version_in_the_making
from tests.workflows.sandbox import SANDBOX
from tests.workflows.sources import fingerprint, fingerprints
from worker import WORKFLOWS
from workflows.messages import BOOKING_MESSAGES, STANDING_MESSAGES

FILES = sorted(path for path in HISTORIES.glob("*/*.json") if path.name != SOURCES)
CURRENT = [path for path in FILES if path.parent.name == version_in_the_making()]

NEVER = {LateEventsAged.type}
"""No policy in use lets late events age: there is a window in drafts of policies alone."""


@cache
def _kept(file: Path) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return kept


def _history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(_kept(file)["workflow_id"], {"events": _kept(file)["events"]})


async def test_every_stored_history_replays() -> None:
    replays = replayer(runner=SANDBOX)
    for file in FILES:
        result = await replays.replay_workflow(_history(file), raise_on_replay_failure=False)
        assert result.replay_failure is None, file


def test_what_runs_in_workflows_is_what_the_histories_were_recorded_with() -> None:
    recorded = HISTORIES / version_in_the_making() / SOURCES
    then: dict[str, str] = json.loads(recorded.read_text(encoding="utf-8"))
    now = fingerprints(WORKFLOWS)
    edited = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    assert not edited, (
        f"edited since the histories were recorded: {', '.join(edited)}. Should the histories still"
        " replay, add a life to tests/workflows/lives.py that takes the new path, and run"
        " `make histories`. Should they not, see `Changing a workflow` in docs/deploy.md first."
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = 1", "x = 1  # so far", True),
        ("def f():\n    return 1", 'def f():\n    """One."""\n    return (1)', True),
        ("x = 1", "x = 2", False),
        ("x = 1", "y = 1", False),
        ("f(a, b)", "f(b, a)", False),
        ("x = 1", "x = '1'", False),
        ("if a:\n    b()\nc()", "if a:\n    b()\n    c()", False),
    ],
)
def test_an_edit_changes_the_fingerprint_if_it_can_change_what_is_done(
    one: str, other: str, same: bool
) -> None:
    assert (fingerprint(one) == fingerprint(other)) is same


def test_every_life_is_stored() -> None:
    assert {file.stem.rpartition("-")[0] for file in CURRENT} == {name_of(life) for life in LIVES}


def test_every_workflow_has_a_history() -> None:
    types = {each["name"] for each in _found("workflowType")}
    assert types == {workflow._Definition.must_from_class(each).name for each in WORKFLOWS}


def test_every_event_is_on_record_in_some_history() -> None:
    events = [*get_args(BookingEvent), *get_args(StandingEvent)]
    recorded = {word for text in _summaries() for word in text.removeprefix("record ").split(", ")}
    assert {event.type for event in events} - NEVER <= recorded


def test_every_command_came_as_a_signal_or_an_update_in_some_history() -> None:
    came = set(_found("signalName")) | {each["name"] for each in _found("input") if "name" in each}
    assert came >= {*BOOKING_MESSAGES, *STANDING_MESSAGES, "nonsense"}


@pytest.mark.parametrize(
    "event",
    [
        "ACTIVITY_TASK_COMPLETED",  # patiently, where the database did not answer at once
        "TIMER_CANCELED",
        "TIMER_FIRED",
        "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES",
        "WORKFLOW_EXECUTION_CANCEL_REQUESTED",
        "WORKFLOW_EXECUTION_COMPLETED",
        "WORKFLOW_EXECUTION_CONTINUED_AS_NEW",
        "WORKFLOW_EXECUTION_UPDATE_COMPLETED",
    ],
)
def test_every_turn_of_a_workflow_is_in_some_history(event: str) -> None:
    assert f"EVENT_TYPE_{event}" in set(_found("eventType"))


def test_the_database_refused_something_in_some_history() -> None:
    assert any("slot-taken" in text for text in _texts())


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_stored_history_names_no_machine(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not any(word in text for word in (f"@{socket.gethostname()}", "site-packages", ".py"))


async def test_other_numbers_of_the_policy_leave_what_lives_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bookings and standings go on under the policy that they began with, with any release."""
    other = Policy(name="standard-2", allowed=0, proof_within=timedelta(days=1))
    for begun in (NewRequest, Standing):
        monkeypatch.setitem(begun.__init__.__kwdefaults__ or {}, "policy", other)
    for file in CURRENT:
        result = await replayer().replay_workflow(_history(file), raise_on_replay_failure=False)
        assert result.replay_failure is None, file


async def test_a_standing_replays_that_began_when_its_policy_was_not_kept() -> None:
    [file] = [file for file in CURRENT if file.stem == "standing-1"]
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    attributes = (event.get("markerRecordedEventAttributes") for event in kept["events"])
    looked = next(each["details"]["result"]["payloads"][0] for each in attributes if each)
    assert "standing" in json.loads(base64.b64decode(looked["data"]))
    nothing = base64.b64encode(b"binary/null").decode()
    looked.update(metadata={"encoding": nothing}, data="")
    history = WorkflowHistory.from_json(kept["workflow_id"], {"events": kept["events"]})
    result = await replayer().replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is None


async def test_other_rules_do_not_replay() -> None:
    """Shows that the check above can fail."""
    [history] = [_history(file) for file in CURRENT if file.stem == "completed-1"]
    with pytest.raises(Exception, match="Nondeterminism"):
        await replayer(AnotherBooking, runner=SANDBOX).replay_workflow(history)


def _summaries() -> Iterator[str]:
    """The words that activities and timers of the current histories go by."""
    for metadata in _found("userMetadata"):
        if "summary" in metadata:
            yield json.loads(base64.b64decode(metadata["summary"]["data"]))


def _texts() -> Iterator[str]:
    """What is in the payloads of the current histories."""
    for data in _found("data"):
        if isinstance(data, str):
            yield base64.b64decode(data).decode(errors="replace")


def _found(key: str) -> Iterator[Any]:
    """Whatever stands under a key in the current histories."""
    for file in CURRENT:
        yield from _under(key, _kept(file))


def _under(key: str, value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for name, each in value.items():
                if name == key:
                    yield each
                yield from _under(key, each)
        case list():
            for each in value:
                yield from _under(key, each)
