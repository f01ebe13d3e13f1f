"""`keepdate up`: starts the whole stack, watches over it and stops all of it."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TextIO

from config import Settings
from dev.address import address_of, reachable
from dev.home import Home
from dev.process import Child, StartError
from dev.servers import CLI, Servers, obituary

DATABASE = "keepdate"
READY_LINE = "Keepdate is up"
"""Printed once everything answers; scripts may wait for it."""

_STOP_SECONDS = {"api": 3.0, "worker": 3.0, "temporal": 1.5, "postgres": 1.5}
_GRACE_SECONDS = 2.0  # within what `api` and `worker` are given above


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
        with home.locked(address_of(settings)):
            home.end_leftovers()
            _check_ports(settings)
            return Stack(settings, home).run()
    except OSError as error:
        raise StartError(f"{settings.data_dir}: {error.strerror or error}") from error


class Stack(Servers):
    """The processes of one machine's stack and their supervisor."""

    def __init__(self, settings: Settings, home: Home) -> None:
        super().__init__(
            postgres=home.postgres,
            temporal=home.temporal,
            port=settings.temporal_port,
            ui_port=settings.temporal_ui_port,
            database=DATABASE,
            log=home.log,
        )
        self._settings = settings
        self._home = home
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
            self.until(lambda: False, None)
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

        self.start_postgres()
        self.start_temporal()
        self._migrate()
        self.until(self.temporal.is_ready, "Temporal")

        for command in ("worker", "api"):
            self.begin(command, partial(self._start_own, command))
        self.until(lambda: _answers(self._settings, "/readyz"), "the API")
        self.until(lambda: self.temporal.has_worker(self._settings.task_queue), "the worker")

    def begin(self, name: str, start: Callable[[], Child]) -> None:
        """Starts a part, and notes it down for whoever has to clean up after a crash."""
        super().begin(name, start)
        self._home.record(self.parts.values())

    def until(self, reached: Callable[[], bool], what: str | None = "the stack") -> None:
        """Waits as long as nobody asks us to stop."""

        def reached_in_peace() -> bool:
            if self._stopping:
                raise _Stopped
            return reached()

        super().until(reached_in_peace, what)

    def _migrate(self) -> None:
        migration = self._start_own("migrate")
        try:
            self.until(lambda: migration.exit_code() is not None, "the migration")
        finally:
            migration.stop(_GRACE_SECONDS)
        if migration.exit_code() != 0:
            raise StartError(obituary(migration))

    def _start_own(self, command: str) -> Child:
        grace = min(self._settings.graceful_shutdown_seconds, _GRACE_SECONDS)
        return self.program(command, str(CLI), command, graceful_shutdown_seconds=str(grace))

    def _stop(self) -> None:
        for name in tuple(reversed(self.parts)):
            self.end(name, _STOP_SECONDS[name])
        self._home.record([])

    def _welcome(self) -> str:
        address = address_of(self._settings)
        rows = {
            "Portal": address,
            "API": f"{address}/v1",
            "API docs": f"{address}/docs",
            "Temporal UI": f"http://127.0.0.1:{self._settings.temporal_ui_port}",
            "Temporal": self.temporal.address,
            "PostgreSQL": self.database_url,
            "Logs": str(self._home.logs),
            "A token": f"{_keepdate()} token --role client --sub ben",
        }
        lines = [f"  {name:<12} {value}" for name, value in rows.items()]
        return "\n".join([READY_LINE, *lines, "Ctrl-C stops everything."])


def _keepdate() -> str:
    """What to type for the `keepdate` of this installation, from where we were started."""
    if shutil.which("keepdate"):
        return "keepdate"
    own, here = Path(sys.executable).with_name("keepdate"), Path.cwd()
    if not own.exists():
        return "keepdate"
    return str(own.relative_to(here) if own.is_relative_to(here) else own)


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
        reachable(settings.http_host), settings.http_port, timeout=3
    )
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _say(text: str, stream: TextIO | None = None) -> None:
    # The terminal may be gone; that must not keep us from stopping what runs.
    with contextlib.suppress(OSError):
        print(text, file=stream or sys.stdout, flush=True)
