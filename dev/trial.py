"""A stack for benchmarks and drills: durable servers of its own, whose parts end and begin again.

Everything lies in a directory of its own and listens on ports of its own; nothing of it remains.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
from temporalio.client import Client

from db.migrate import upgrade
from dev.process import Child, StartError
from dev.servers import CLI, Servers
from workflows.payloads import data_converter
from workflows.search_attributes import register

_DATABASE = "trial"
_STOP_SECONDS = 10


class Trial(Servers):
    """PostgreSQL and Temporal with durable settings, and whatever was started on them, by name."""

    def __init__(self, directory: Path) -> None:
        port, ui_port, self.http_port = free_ports(3)
        super().__init__(
            postgres=directory / "pg",
            temporal=directory / "temporal.db",
            port=port,
            ui_port=ui_port,
            database=_DATABASE,
            log=lambda name: directory / f"{name}.log",
        )
        self._starts: dict[str, Callable[[], Child]] = {}

    def start_servers(self) -> None:
        """Starts PostgreSQL with a migrated database, and Temporal."""
        self.start_postgres()
        upgrade(self.database_url)
        self.start_temporal()
        self.until(self.temporal.is_ready, "Temporal")

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
            self.run(name, str(CLI), "worker", settings=settings)
        self.until(lambda: self.temporal.has_worker("bookings"), "the worker")
        return names

    def start_api(self, *command: str, **settings: str) -> str:
        """The API, once it listens; `command` is a program that serves it some other way."""
        settings = {"HTTP_PORT": str(self.http_port), **settings}
        self.run("api", *(command or (str(CLI), "api")), settings=settings)
        self.until(lambda: _listens(self.http_port), "the API")
        return "api"

    def run(self, name: str, *words: str, settings: Mapping[str, str] | None = None) -> None:
        """Starts one of our programs by a name."""

        def start() -> Child:
            ours = {"metrics_port": str(free_port()), **(settings or {})}
            return self.program(name, *words, directory=CLI.parent, **ours)

        self.begin(name, start)

    def begin(self, name: str, start: Callable[[], Child]) -> None:
        """Starts a part, and remembers how, for when it is started again."""
        self._starts[name] = start
        super().begin(name, start)

    def kill(self, name: str) -> None:
        """Ends a part as a power cut would."""
        child = self.parts.pop(name)
        child.process.send_signal(signal.SIGKILL)
        child.process.wait()

    def again(self, name: str) -> None:
        """Starts a part anew that was ended, on the data that it left."""
        self.begin(name, self._starts[name])

    def stop(self, *names: str) -> None:
        """Ends some parts in good order; without a name, all of them."""
        for name in names or tuple(reversed(self.parts)):
            self.end(name, _STOP_SECONDS)

    def memory_of(self, name: str) -> int:
        """What a part holds in memory, in bytes."""
        found: int = psutil.Process(self.parts[name].pid).memory_info().rss
        return found

    def cpu_of(self, name: str) -> float:
        """What a part has computed so far, in seconds, with the processes that it has started."""
        part = psutil.Process(self.parts[name].pid)
        return sum(_cpu_of(each) for each in (part, *part.children(recursive=True)))


def _cpu_of(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        # Of those that have ended, their parent knows.
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


@contextlib.contextmanager
def trial() -> Iterator[Trial]:
    """A stack with its servers started."""
    directory = Path(tempfile.mkdtemp(prefix="keepdate-trial-"))
    stack = Trial(directory)
    try:
        stack.start_servers()
        yield stack
    except StartError as failure:
        raise SystemExit(str(failure)) from None
    finally:
        stack.stop()
        shutil.rmtree(directory, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, each another one."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
