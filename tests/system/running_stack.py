"""`keepdate up` as a process of its own, the way a developer runs it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil
from typer.testing import CliRunner

import cli
from dev.stack import READY_LINE

_READY_SECONDS = 120
# A machine that is not busy takes a few seconds. These are for one on which something hangs.
_STOP_SECONDS = 60
_DISAPPEAR_SECONDS = 60  # for the kernel and for PostgreSQL to end the children of the dead


class RunningStack:
    """A data directory and ports of its own, and whatever runs on them."""

    def __init__(self) -> None:
        # Short, for the path of a Unix socket may hold no more than some hundred characters.
        self.directory = Path(tempfile.mkdtemp(prefix="keepdate-"))
        self.data = self.directory / "data"
        self.http_port, temporal, ui, metrics = _free_ports(4)
        self.environment = os.environ | {
            "KEEPDATE_DATA_DIR": str(self.data),
            "KEEPDATE_HTTP_PORT": str(self.http_port),
            "KEEPDATE_TEMPORAL_PORT": str(temporal),
            "KEEPDATE_TEMPORAL_UI_PORT": str(ui),
            "KEEPDATE_METRICS_PORT": str(metrics),
        }
        self._output = self.directory / "output"
        self._errors = self.directory / "errors"
        self._supervisor: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill_everything()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def supervisor(self) -> subprocess.Popen[bytes]:
        assert self._supervisor is not None, "not started"
        return self._supervisor

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8")

    @property
    def errors(self) -> str:
        return self._errors.read_text(encoding="utf-8")

    def start(self) -> None:
        """Starts it in the background."""
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self._supervisor = subprocess.Popen(
                [sys.executable, cli.__file__, "up"],
                env=self.environment,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )

    def wait_until_says(self, text: str) -> None:
        """Waits until it prints a text."""

        def said() -> bool:
            # In this order: it may say so, and end, in between.
            has_ended = self.supervisor.poll() is not None
            if text in self.output:
                return True
            assert not has_ended, self.output + self.errors
            return False

        wait_until(said, _READY_SECONDS)

    def start_and_wait(self) -> None:
        self.start()
        self.wait_until_says(READY_LINE)

    def run_up(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs another `keepdate up` that is expected to end by itself."""
        return subprocess.run(
            [sys.executable, cli.__file__, "up"],
            env=self.environment | environment,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_READY_SECONDS,
            check=False,
        )

    def stop(self, number: signal.Signals, *, times: int = 1) -> int:
        """Sends a signal to the supervisor alone, and returns its exit code."""
        for _ in range(times):
            self.supervisor.send_signal(number)
            self.wait_until_says("Stopping.")
        return self.supervisor.wait(_STOP_SECONDS)

    def processes(self) -> list[psutil.Process]:
        """Everything that runs on this data directory, found without asking the supervisor."""
        return [process for process in psutil.process_iter() if self._owns(process)]

    def process(self, command: str) -> psutil.Process:
        """The one that runs `keepdate <command>`."""
        (found,) = [p for p in self.processes() if p.cmdline()[-2:] == [cli.__file__, command]]
        return found

    def wait_until_nothing_runs(self) -> None:
        wait_until(lambda: not self.processes(), _DISAPPEAR_SECONDS)

    def kill_everything(self) -> None:
        """As a power cut does, the supervisor first."""
        processes = self.processes()
        if self._supervisor is not None:
            self._supervisor.kill()
            self._supervisor.wait()
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.wait_until_nothing_runs()

    def client(self, role: str, sub: str) -> httpx.Client:
        """An HTTP client that speaks for somebody, by a token of `keepdate token`."""
        made = CliRunner().invoke(cli.app, ["token", "--role", role, "--sub", sub])
        assert made.exit_code == 0, made.output
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.http_port}",
            headers={"Authorization": f"Bearer {made.stdout.strip()}"},
            timeout=30,
        )

    def _owns(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            if process.environ().get("KEEPDATE_DATA_DIR") == str(self.data):
                return True
            # PostgreSQL writes its title over its environment, but works in its data directory.
            return Path(process.cwd()).is_relative_to(self.data)
        return False


def wait_until(reached: Callable[[], bool], seconds: float) -> None:
    """Waits for a condition; fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"not reached within {seconds} s"
        time.sleep(0.05)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]
