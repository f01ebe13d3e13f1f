"""The real parts for a benchmark: durable servers of its own, and workers as processes."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from temporalio.client import Client

from db.migrate import upgrade
from dev.postgres import Postgres
from dev.process import Child, Program
from dev.temporal import Temporal, embedded_environment
from workflows.payloads import data_converter
from workflows.search_attributes import register

_CLI = Path(__file__).resolve().parent.parent / "cli.py"
_DATABASE = "bench"
_START_SECONDS = 60
_STOP_SECONDS = 10


@dataclass
class BenchStack:
    """PostgreSQL and Temporal with durable settings, and whatever was started on them."""

    directory: Path
    postgres: Postgres
    temporal: Temporal
    server: Child
    children: list[Child] = field(default_factory=list)

    @property
    def database_url(self) -> str:
        """The database of the marketplace."""
        return self.postgres.url(_DATABASE)

    @property
    def environment(self) -> dict[str, str]:
        """What our processes are told of the servers."""
        return embedded_environment(self.temporal.address) | {
            "KEEPDATE_DATABASE_URL": self.database_url,
            "PYTHONUNBUFFERED": "1",
        }

    async def client(self) -> Client:
        """A client of the Temporal server, which knows our search attributes by now."""
        client = await Client.connect(self.temporal.address, data_converter=data_converter)
        await register(client)
        return client

    def start_workers(self, number: int = 1, **settings: str) -> list[Child]:
        """Workers of the marketplace, each a process; `settings` as `KEEPDATE_…` without that."""
        started = [self.run("worker", str(_CLI), "worker", **settings) for _ in range(number)]
        self.until(lambda: self.temporal.has_worker("bookings"))
        return started

    def start_baseline(self) -> Child:
        """A worker that serves the workflows that ours are compared with."""
        child = self.run("baseline", "-m", "bench.baseline", self.temporal.address)
        self.until(lambda: self.temporal.has_worker("baseline"))
        return child

    def start_api(self, port: int) -> Child:
        """The API, once it is ready."""
        child = self.run("api", str(_CLI), "api", HTTP_PORT=str(port))
        self.until(lambda: _listens(port))
        return child

    def run(self, name: str, *words: str, **settings: str) -> Child:
        """Starts one of our programs."""
        ours = {f"KEEPDATE_{key.upper()}": value for key, value in settings.items()}
        log = self.directory / f"{name}-{len(self.children)}.log"
        child = Child.start(
            Program(
                name=name,
                command=[sys.executable, *words],
                log=log,
                environment=self.environment | {"KEEPDATE_METRICS_PORT": str(free_port()), **ours},
                directory=_CLI.parent,
            )
        )
        self.children.append(child)
        return child

    def stop(self, *children: Child) -> None:
        """Ends some of our programs in good order."""
        for child in children:
            child.stop(_STOP_SECONDS)
            self.children.remove(child)

    def until(self, reached: Callable[[], bool]) -> None:
        """Waits for a condition, while everything that was started lives."""
        deadline = time.monotonic() + _START_SECONDS
        while not reached():
            for child in self.children:
                if child.exit_code() is not None:
                    raise SystemExit("\n".join([f"{child.name} died:", *child.last_lines()]))
            if time.monotonic() > deadline:
                raise SystemExit("a part of the benchmark does not start")
            time.sleep(0.02)


@contextlib.contextmanager
def bench_stack() -> Iterator[BenchStack]:
    """Servers of a benchmark's own, on ports of their own; nothing of them remains."""
    directory = Path(tempfile.mkdtemp(prefix="keepdate-bench-"))
    stack: BenchStack | None = None
    try:
        with Postgres(directory / "pg") as postgres:
            postgres.create_database(_DATABASE)
            upgrade(postgres.url(_DATABASE))
            temporal = Temporal(directory / "temporal.db", port=free_port(), ui_port=free_port())
            server = temporal.start(directory / "temporal.log")
            stack = BenchStack(directory, postgres, temporal, server)
            try:
                stack.until(temporal.is_ready)
                yield stack
            finally:
                stack.stop(*stack.children)
                server.stop(_STOP_SECONDS)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def memory_of(child: Child) -> int:
    """What a process holds in memory, in bytes."""
    found: int = psutil.Process(child.pid).memory_info().rss
    return found


def cpu_of(child: Child) -> float:
    """What a process has computed so far, in seconds."""
    times = psutil.Process(child.pid).cpu_times()
    return float(times.user + times.system)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
