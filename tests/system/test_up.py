"""`keepdate up`: starts everything, loses nothing and leaves nothing behind."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.system.running_stack import RunningStack, wait_until


@pytest.fixture
def stack() -> Iterator[RunningStack]:
    """A stack that is not started yet, for one test alone."""
    with RunningStack() as stack:
        yield stack


@pytest.mark.parametrize(
    "variable",
    [
        "KEEPDATE_HTTP_PORT",
        "KEEPDATE_TEMPORAL_PORT",
        "KEEPDATE_TEMPORAL_UI_PORT",
        "KEEPDATE_METRICS_PORT",
    ],
)
def test_port_in_use_is_one_line_and_starts_nothing(stack: RunningStack, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = stack.run_up(**{variable: str(port)})

    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        f"keepdate: port {port} cannot be used (Address already in use); set {variable} to another"
    ]
    assert not (stack.data / "postgres").exists()


def test_production_does_not_run_the_embedded_stack(stack: RunningStack) -> None:
    refused = stack.run_up(KEEPDATE_ENVIRONMENT="production", KEEPDATE_JWT_SECRET="s" * 32)

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert not stack.data.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_while_starting_leaves_nothing(stack: RunningStack, number: signal.Signals) -> None:
    stack.start()
    stack.wait_until_says("Starting")

    assert stack.stop(number) == 0
    assert stack.processes() == []


@pytest.mark.long
def test_one_death_is_named_and_stops_the_rest(stack: RunningStack) -> None:
    stack.start_and_wait()

    stack.process("worker").kill()

    assert stack.supervisor.wait(60) == 1
    assert stack.errors.startswith("worker died (signal SIGKILL)")
    assert stack.processes() == []


@pytest.mark.long
def test_data_survives_a_power_cut_and_sigterm_stops_everything(stack: RunningStack) -> None:
    stack.start_and_wait()
    with stack.client("provider", "p-1") as provider, stack.client("client", "c-1") as client:
        topic = provider.post("/v1/topics", json={"title": "Piano", "duration_minutes": 60})
        assert topic.status_code == 201, topic.text
        start = (datetime.now(UTC) + timedelta(days=30)).isoformat()
        booking = client.post(
            "/v1/bookings",
            json={"topic_id": topic.json()["id"], "preferred_starts": [start]},
        )
        assert booking.status_code == 201, booking.text
        path = f"/v1/bookings/{booking.json()['id']}"

        stack.kill_everything()
        stack.start_and_wait()

        assert client.get(path).json()["state"] == "pending"
        # The workflow has survived too, for it takes the answer. Temporal waits some seconds for
        # the worker that knew it by heart, so that the answer may be taken for later.
        answer = provider.post(f"{path}/confirm", json={"start": start})
        assert answer.status_code in {200, 202}, answer.text
        wait_until(lambda: client.get(path).json()["state"] == "confirmed", 60)

    # The second one comes while the first is being obeyed.
    assert stack.stop(signal.SIGTERM, times=2) == 0
    assert stack.processes() == []
