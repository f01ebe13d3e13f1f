"""`keepdate up`: starts the whole stack, watches over it and stops all of it."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import TextIO

from config import Settings
from dev.home import Home
from dev.postgres import Postgres
from dev.process import Child, Program, StartError
from dev.temporal import Temporal, embedded_environment

DATABASE = "keepdate"
READY_LINE = "Keepdate is up"
"""Printed once everything answers; scripts may wait for it."""

_CLI = Path(__file__).resolve().parent.parent / "cli.py"
_START_SECONDS = 60
_STOP_SECONDS = {"api": 3.0, "worker": 3.0, "temporal": 1.5, "postgres": 1.5}
_GRACE_SECONDS = 2.0  # within what `api` and `worker` are given above
_TICK = 0.05


class _Stopped(Exception):  # noqa: N818 - it is no error
    """Somebody asked us to stop while we were starting."""


def up(settings: Settings) -> int:
    """Runs the stack until it is stopped, and returns the exit code.

    Raises StartError, with nothing started, if it cannot run here.
    """
    if settings.environment == "production":
        raise StartError("`keepdate up` is for development; production runs its parts one by one")
    home = Home(settings.data_dir)
    try:
        with home.locked(_address(settings)):
            home.end_leftovers()
            _check_ports(settings)
            return Stack(settings, home).run()
    except OSError as error:
        raise StartError(f"{settings.data_dir}: {error.strerror or error}") from error


class Stack:
    """The processes of one machine's stack and their supervisor."""

    def __init__(self, settings: Settings, home: Home) -> None:
        self._settings = settings
        self._home = home
        self._postgres = Postgres(home.postgres)
        self._temporal = Temporal(
            home.temporal, port=settings.temporal_port, ui_port=settings.temporal_ui_port
        )
        self._children: list[Child] = []
        self._stopping = False

    def run(self) -> int:
        """Starts everything, and stops everything when asked to or when one part dies."""
        signal.signal(signal.SIGINT, self._ask_to_stop)
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` leaves it
            signal.signal(signal.SIGHUP, self._ask_to_stop)
        try:
            self._start()
            _say(self._welcome())
            self._until(lambda: False, "")
        except _Stopped:
            _say("Stopping.")
            return 0
        except StartError as failure:
            _say(str(failure), sys.stderr)
        finally:
            self._stop()
        return 1

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        # Only a flag: a signal that comes while we are stopping changes nothing.
        self._stopping = True

    def _start(self) -> None:
        _say(f"Starting on {self._home.directory} …")
        if self._settings.database_url is not None:
            _say("KEEPDATE_DATABASE_URL is left aside: `keepdate up` brings its own PostgreSQL.")

        self._add(self._postgres.start(self._home.log("postgres")))
        self._until(self._postgres.is_ready, "PostgreSQL")
        self._postgres.ensure_database(DATABASE)

        self._add(self._temporal.start(self._home.log("temporal")))
        self._migrate()
        self._until(self._temporal.is_ready, "Temporal")

        self._add(self._start_own("worker"))
        self._add(self._start_own("api"))
        self._until(lambda: _answers(self._settings, "/readyz"), "the API")
        self._until(lambda: self._temporal.has_worker(self._settings.task_queue), "the worker")

    def _migrate(self) -> None:
        migration = self._start_own("migrate")
        try:
            self._until(lambda: migration.exit_code() is not None, "the migration")
        finally:
            migration.stop(_GRACE_SECONDS)
        if migration.exit_code() != 0:
            raise StartError(_obituary(migration))

    def _start_own(self, command: str) -> Child:
        return Child.start(
            Program(
                name=command,
                command=[sys.executable, str(_CLI), command],
                log=self._home.log(command),
                environment=self._environment(),
            )
        )

    def _environment(self) -> Mapping[str, str]:
        """Ours, pointed at the embedded servers."""
        return embedded_environment(self._temporal.address) | {
            "KEEPDATE_DATABASE_URL": self._postgres.url(DATABASE),
            "KEEPDATE_DATABASE_URL_FILE": "",
            "KEEPDATE_GRACEFUL_SHUTDOWN_SECONDS": str(
                min(self._settings.graceful_shutdown_seconds, _GRACE_SECONDS)
            ),
            "PYTHONUNBUFFERED": "1",
        }

    def _add(self, child: Child) -> None:
        self._children.append(child)
        self._home.record(self._children)

    def _until(self, reached: Callable[[], bool], what: str) -> None:
        """Waits for a condition; without a name for it, for as long as it takes."""
        deadline = time.monotonic() + _START_SECONDS
        while not reached():
            if self._stopping:
                raise _Stopped
            for child in self._children:
                if child.exit_code() is not None:
                    raise StartError(_obituary(child))
            if what and time.monotonic() > deadline:
                raise StartError(
                    f"{what} is not ready after {_START_SECONDS} s; see {self._home.logs}"
                )
            time.sleep(_TICK)

    def _stop(self) -> None:
        for child in reversed(self._children):
            seconds = _STOP_SECONDS[child.name]
            if child.name == "postgres":
                self._postgres.stop(child, seconds)
            else:
                child.stop(seconds)
        self._home.record([])

    def _welcome(self) -> str:
        address = _address(self._settings)
        rows = {
            "API": address,
            "API docs": f"{address}/docs",
            "Temporal UI": f"http://127.0.0.1:{self._settings.temporal_ui_port}",
            "Temporal": self._temporal.address,
            "PostgreSQL": self._postgres.url(DATABASE),
            "Logs": str(self._home.logs),
            "A token": "keepdate token --role client --sub alice",
        }
        lines = [f"  {name:<12} {value}" for name, value in rows.items()]
        return "\n".join([READY_LINE, *lines, "Ctrl-C stops everything."])


def _check_ports(settings: Settings) -> None:
    wanted = {
        "KEEPDATE_HTTP_PORT": (settings.http_host, settings.http_port),
        "KEEPDATE_TEMPORAL_PORT": ("127.0.0.1", settings.temporal_port),
        "KEEPDATE_TEMPORAL_UI_PORT": ("127.0.0.1", settings.temporal_ui_port),
        "KEEPDATE_METRICS_PORT": (settings.metrics_host, settings.metrics_port),
    }
    with contextlib.ExitStack() as held:
        for name, (host, port) in wanted.items():
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            probe = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
            # As servers do, so that the remains of closed connections do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                probe.listen()
            except OSError as error:
                raise StartError(
                    f"port {port} cannot be used ({os.strerror(error.errno or 0)});"
                    f" set {name} to another"
                ) from None


def _answers(settings: Settings, path: str) -> bool:
    connection = http.client.HTTPConnection(
        _reachable(settings.http_host), settings.http_port, timeout=3
    )
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _address(settings: Settings) -> str:
    host = _reachable(settings.http_host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.http_port}"


def _reachable(host: str) -> str:
    """Where to reach a server on this machine that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)


def _obituary(child: Child) -> str:
    code = child.exit_code() or 0
    cause = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
    last = [f"  | {line}" for line in child.last_lines()]
    return "\n".join([f"{child.name} died ({cause}); from {child.program.log}:", *last])


def _say(text: str, stream: TextIO | None = None) -> None:
    # The terminal may be gone; that must not keep us from stopping what runs.
    with contextlib.suppress(OSError):
        print(text, file=stream or sys.stdout, flush=True)
