"""A stack for benchmarks and drills: durable servers of its own, whose parts end and begin again.

Everything lies in a directory of its own and listens on ports of its own; nothing of it remains.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
from temporalio.client import Client

from db.migrate import upgrade
from dev.postgres import Postgres
from dev.process import Child, Program
from dev.temporal import Temporal, embedded_environment
from workflows.payloads import data_converter
from workflows.search_attributes import register

ROOT = Path(__file__).resolve().parent.parent
_CLI = ROOT / "cli.py"
_DATABASE = "trial"
_START_SECONDS = 60
_STOP_SECONDS = 10


class Trial:
    """PostgreSQL and Temporal with durable settings, and whatever was started on them, by name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.postgres = Postgres(directory / "pg")
        self.temporal = Temporal(directory / "temporal.db", port=free_port(), ui_port=free_port())
        self.http_port = free_port()
        self.parts: dict[str, Child] = {}
        self._starts: dict[str, Callable[[], Child]] = {}

    def start_servers(self) -> None:
        """Starts PostgreSQL with a migrated database, and Temporal."""
        self._begin("postgres", lambda: self.postgres.start(self._log("postgres")))
        self.until(self.postgres.is_ready)
        self.postgres.create_database(_DATABASE)
        upgrade(self.database_url)
        self._begin("temporal", lambda: self.temporal.start(self._log("temporal")))
        self.until(self.temporal.is_ready)

    @property
    def database_url(self) -> str:
        """The database of the marketplace, for SQLAlchemy."""
        return self.postgres.url(_DATABASE)

    @property
    def api_url(self) -> str:
        """Where the API listens, once it is started."""
        return f"http://127.0.0.1:{self.http_port}"

    async def client(self) -> Client:
        """A client of the Temporal server, which knows our search attributes by now."""
        client = await Client.connect(self.temporal.address, data_converter=data_converter)
        await register(client)
        return client

    def start_workers(self, number: int = 1, **settings: str) -> list[str]:
        """Workers of the marketplace, each a process; `settings` as `KEEPDATE_…` without that."""
        names = [f"worker-{len(self._starts)}-{each}" for each in range(number)]
        for name in names:
            self.run(name, str(_CLI), "worker", settings=settings)
        self.until(lambda: self.temporal.has_worker("bookings"))
        return names

    def start_api(self, *command: str, **settings: str) -> str:
        """The API, once it listens; `command` is a program that serves it some other way."""
        settings = {"HTTP_PORT": str(self.http_port), **settings}
        self.run("api", *(command or (str(_CLI), "api")), settings=settings)
        self.until(lambda: _listens(self.http_port))
        return "api"

    def run(self, name: str, *words: str, settings: Mapping[str, str] | None = None) -> None:
        """Starts one of our programs by a name."""
        ours = {f"KEEPDATE_{key.upper()}": value for key, value in (settings or {}).items()}

        def start() -> Child:
            environment = embedded_environment(self.temporal.address) | {
                "KEEPDATE_DATABASE_URL": self.database_url,
                "KEEPDATE_METRICS_PORT": str(free_port()),
                "PYTHONUNBUFFERED": "1",
                **ours,
            }
            return Child.start(
                Program(
                    name=name,
                    command=[sys.executable, *words],
                    log=self._log(name),
                    environment=environment,
                    directory=ROOT,
                )
            )

        self._begin(name, start)

    def kill(self, name: str) -> None:
        """Ends a part as a power cut would."""
        child = self.parts.pop(name)
        child.process.send_signal(signal.SIGKILL)
        child.process.wait()

    def again(self, name: str) -> None:
        """Starts a part anew that was ended, on the data that it left."""
        self._begin(name, self._starts[name])

    def stop(self, *names: str) -> None:
        """Ends some parts in good order; without a name, all of them."""
        for name in names or tuple(reversed(self.parts)):
            child = self.parts.pop(name)
            if name == "postgres":
                self.postgres.stop(child, _STOP_SECONDS)
            else:
                child.stop(_STOP_SECONDS)

    def until(self, reached: Callable[[], bool]) -> None:
        """Waits for a condition, while everything that was started lives."""
        deadline = time.monotonic() + _START_SECONDS
        while not reached():
            for child in self.parts.values():
                if child.exit_code() is not None:
                    raise SystemExit("\n".join([f"{child.name} died:", *child.last_lines()]))
            if time.monotonic() > deadline:
                raise SystemExit("a part of the stack does not start")
            time.sleep(0.02)

    def memory_of(self, name: str) -> int:
        """What a part holds in memory, in bytes."""
        found: int = psutil.Process(self.parts[name].pid).memory_info().rss
        return found

    def cpu_of(self, name: str) -> float:
        """What a part has computed so far, in seconds."""
        times = psutil.Process(self.parts[name].pid).cpu_times()
        return float(times.user + times.system)

    def _begin(self, name: str, start: Callable[[], Child]) -> None:
        self._starts[name] = start
        self.parts[name] = start()

    def _log(self, name: str) -> Path:
        return self.directory / f"{name}.log"


@contextlib.contextmanager
def trial() -> Iterator[Trial]:
    """A stack with its servers started."""
    directory = Path(tempfile.mkdtemp(prefix="keepdate-trial-"))
    stack = Trial(directory)
    try:
        stack.start_servers()
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(directory, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
