"""An API and a worker as processes of their own, as operators run them, and all they tell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from config import Settings
from tests.api.marketplace import Marketplace
from tests.packaging.project import ROOT
from tests.telemetry.receiver import Receiver

T = TypeVar("T")
_PATIENCE_SECONDS = 120
_STOP_SECONDS = 60
_QUEUE = "telemetry-tests"


@dataclass(frozen=True, kw_only=True)
class Observed:
    """A marketplace of two processes, and what can be seen of them from outside."""

    market: Marketplace
    metrics: str
    """The address of the worker's metrics; the API's are its own."""
    receiver: Receiver
    logs: dict[str, Path]

    def lines(self, process: str) -> list[str]:
        """What a process has logged so far, but for a line that it is writing just now."""
        whole, _, _ = self.logs[process].read_text(encoding="utf-8").rpartition("\n")
        return whole.splitlines()

    async def exported(self) -> dict[str, str]:
        """What each process shows to Prometheus."""
        worker = await self.market.http.get(self.metrics)
        api = await self.market.http.get("/metrics")
        return {"worker": worker.text, "api": api.text}


async def until(look: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    """Wait for a condition; what was seen when it held."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            seen = await look()
            if holds(seen):
                return seen
            await asyncio.sleep(0.1)


@pytest.fixture(scope="session")
async def observed(
    shared_settings: Settings,
    temporal: WorkflowEnvironment,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Observed]:
    """The two of them, logging as in production, and tracing."""
    directory = tmp_path_factory.mktemp("logs")
    logs = {name: directory / f"{name}.log" for name in ("api", "worker")}
    http, metrics = _free_ports(2)
    with Receiver() as receiver:
        environment = os.environ | {
            "KEEPDATE_DATABASE_URL": shared_settings.require_database_url(),
            "KEEPDATE_TEMPORAL_PORT": str(shared_settings.temporal_port),
            "KEEPDATE_TASK_QUEUE": _QUEUE,
            "KEEPDATE_HTTP_PORT": str(http),
            "KEEPDATE_METRICS_PORT": str(metrics),
            "KEEPDATE_LOG_FORMAT": "json",
            "KEEPDATE_LOG_LEVEL": "debug",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        with _running("worker", environment, logs), _running("api", environment, logs):
            address = f"http://127.0.0.1:{http}"
            async with httpx.AsyncClient(base_url=address, timeout=_PATIENCE_SECONDS) as client:
                await until(lambda: _answers(client, "/readyz"), bool)
                # It shows its metrics a while before it asks for work.
                await until(lambda: _has_worker(temporal.client), bool)
                await until(lambda: _answers(client, f"http://127.0.0.1:{metrics}/metrics"), bool)
                yield Observed(
                    market=Marketplace(client),
                    metrics=f"http://127.0.0.1:{metrics}/metrics",
                    receiver=receiver,
                    logs=logs,
                )


async def _has_worker(client: Client) -> bool:
    """Whether a worker asks for the tasks of bookings."""
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    return bool((await client.workflow_service.describe_task_queue(asked)).pollers)


async def _answers(client: httpx.AsyncClient, path: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return (await client.get(path)).status_code == 200
    return False


@contextmanager
def _running(name: str, environment: dict[str, str], logs: dict[str, Path]) -> Iterator[None]:
    with logs[name].open("wb") as log:
        command = [sys.executable, str(ROOT / "cli.py"), name]
        running = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            running.terminate()
            running.wait(_STOP_SECONDS)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]
