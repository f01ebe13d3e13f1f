"""Dashboard and alert rules name what the processes really export, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml
from temporalio.testing import WorkflowEnvironment

from tests.api.marketplace import problem
from tests.packaging.project import ROOT
from tests.telemetry.conftest import Observed, until

pytestmark = pytest.mark.long

DASHBOARD: dict[str, Any] = json.loads((ROOT / "docs/grafana/keepdate.json").read_text("utf-8"))
RULES_FILE = ROOT / "docs" / "alerts" / "keepdate.yml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES_FILE.read_text("utf-8"))["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")

NAME = re.compile(r"\b(?:keepdate|temporal)_[a-z_]+")
PART_OF_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")


def expressions() -> Iterator[str]:
    """Every query of the dashboard and of the rules."""
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (rule["expr"] for rule in RULES)


def named(expression: str) -> set[str]:
    """The metrics that a query is about."""
    return {PART_OF_HISTOGRAM.sub("", name) for name in NAME.findall(expression)}


@pytest.fixture(scope="module")
async def exported(observed: Observed, temporal: WorkflowEnvironment) -> dict[str, str]:
    """What both processes show once everything that can be measured has happened."""
    market = observed.market
    provider = market.provider()
    booking = await market.requested(provider, market.client())
    refused = await provider.post(f"/v1/bookings/{booking['id']}/cancel", {"reason": "x"})
    problem(refused, 409, "provider-cannot-cancel")
    handle = temporal.client.get_workflow_handle(f"booking/{booking['id']}")
    await temporal.fast_forward(handle, timedelta(hours=40))
    started = []
    with temporal.with_time_skipping_disabled():
        for name, argument in (
            ("NobodyKnows", {}),
            ("Comparison", {"closed_within_hours": 1.0}),
            ("Sweep", {}),
        ):
            started.append(
                await temporal.client.start_workflow(
                    name, argument, id=f"{name}/{booking['id']}", task_queue="telemetry-tests"
                )
            )
    try:
        return await until(
            observed.exported, lambda it: all(name in it["worker"] for name in _RARE)
        )
    finally:
        # Nobody will ever finish the first.
        await started[0].terminate()


_RARE = {
    "keepdate_timer_lateness_seconds",
    "keepdate_differences",
    "keepdate_neglected_notices_total",
    "temporal_workflow_task_execution_failed",
}
"""What is exported only once it has happened."""


async def test_every_metric_that_is_asked_for_is_exported(exported: dict[str, str]) -> None:
    there = {
        line.split()[2]
        for text in exported.values()
        for line in text.splitlines()
        if line.startswith("# TYPE")
    }
    asked = set().union(*map(named, expressions()))
    assert asked
    assert not asked - there


async def test_every_metric_of_ours_is_shown_and_explained(exported: dict[str, str]) -> None:
    ours = {
        line.split()[2]
        for text in exported.values()
        for line in text.splitlines()
        if line.startswith("# TYPE keepdate_") and not line.split()[2].endswith("_created")
    }
    assert not ours - set().union(*map(named, expressions()))
    assert not {name for name in ours if f"`{name}`" not in OPERATIONS}


async def test_labels_name_nobody(exported: dict[str, str]) -> None:
    for text in exported.values():
        samples = [line for line in text.splitlines() if line.startswith("keepdate_")]
        labels = set().union(*(re.findall(r"(\w+)=\"", line) for line in samples))
        assert not labels & {"booking_id", "provider_id", "client_id", "workflow_id"}


def test_rules_have_the_shape_of_rules() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"page", "warn"}
        assert rule["annotations"].keys() == {"summary", "description"}
        assert rule["expr"].count("(") == rule["expr"].count(")")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_accepts_the_rules() -> None:
    command = ["promtool", "check", "rules", str(RULES_FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_panel_asks_something_of_the_chosen_source() -> None:
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for panel in panels:
        assert panel["targets"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
