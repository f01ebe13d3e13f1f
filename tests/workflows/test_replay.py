"""Histories of whole lives replay with the code as it is now; `make histories` records new ones."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from tests.workflows.another_booking import AnotherBooking
from tests.workflows.record_histories import HISTORIES, LIVES
from worker import SANDBOX
from workflows.booking import BookingWorkflow
from workflows.guard import Guard
from workflows.payloads import data_converter
from workflows.provider_standing import ProviderStandingWorkflow

FILES = sorted(HISTORIES.glob("*.json"))


def _history(file: Path) -> WorkflowHistory:
    kept = json.loads(file.read_text(encoding="utf-8"))
    return WorkflowHistory.from_json(kept.pop("workflow_id"), kept)


def _replayer(*workflows: type) -> Replayer:
    """Configured as the worker is."""
    return Replayer(
        workflows=workflows,
        interceptors=[Guard()],
        workflow_runner=SANDBOX,
        data_converter=data_converter,
    )


async def test_every_stored_history_replays() -> None:
    replayer = _replayer(BookingWorkflow, ProviderStandingWorkflow)
    for file in FILES:
        result = await replayer.replay_workflow(_history(file), raise_on_replay_failure=False)
        assert result.replay_failure is None, file.name


def test_every_life_is_stored() -> None:
    stored = {file.stem.rpartition("-")[0] for file in FILES}
    assert stored == {life.__name__.replace("_", "-") for life in LIVES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stored_history_names_no_machine(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not any(word in text for word in (f"@{socket.gethostname()}", "site-packages", ".py"))


async def test_other_rules_do_not_replay() -> None:
    """Shows that the check above can fail."""
    history = _history(HISTORIES / "completed-1.json")
    with pytest.raises(Exception, match="Nondeterminism"):
        await _replayer(AnotherBooking).replay_workflow(history)
