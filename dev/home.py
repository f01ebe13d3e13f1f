"""The data directory of a stack: who runs on it now, and what a crash left running."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from dev.process import Child, StartError, end_process

_CLOCK_DRIFT_SECONDS = 5


class Home:
    """Databases and logs in one directory, which one stack at a time may use."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.postgres = self.directory / "postgres"
        self.temporal = self.directory / "temporal.db"
        self.logs = self.directory / "logs"
        self._lock = self.directory / "lock"
        self._children = self.directory / "children.json"

    @contextlib.contextmanager
    def locked(self, address: str) -> Iterator[None]:
        """Holds the directory for this process alone, and says to others where it serves.

        Raises StartError if another process holds it. The kernel lets go of the lock when its
        holder dies, however it dies.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        with self._lock.open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read().strip() or "another process"
                raise StartError(f"Keepdate already runs on {self.directory}: {holder}") from None
            lock.truncate(0)
            lock.write(f"process {os.getpid()}, {address}\n")
            lock.flush()
            yield

    def log(self, name: str) -> Path:
        """A fresh log; the one of the run before is kept beside it."""
        path = self.logs / f"{name}.log"
        with contextlib.suppress(FileNotFoundError):
            path.replace(path.with_suffix(".log.1"))
        return path

    def record(self, children: Iterable[Child]) -> None:
        """Notes which processes are ours, for whoever has to clean up after a crash."""
        facts = [
            {"pid": child.pid, "started_at": child.started_at, "command": child.program.command}
            for child in children
        ]
        draft = self._children.with_suffix(".new")
        draft.write_text(json.dumps(facts), encoding="utf-8")
        draft.replace(self._children)

    def end_leftovers(self) -> None:
        """Ends what a killed stack left running, the last started first.

        The kernel has done so already on Linux; other systems know no such service.
        """
        try:
            facts = json.loads(self._children.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return
        for fact in reversed(facts):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process = psutil.Process(fact["pid"])
                # A pid alone may have gone to somebody else's process by now. The start time
                # follows corrections of the wall clock, so it is not compared to the tick.
                drift = abs(process.create_time() - fact["started_at"])
                if drift < _CLOCK_DRIFT_SECONDS and process.cmdline() == fact["command"]:
                    end_process(process, signal.SIGINT, 5)
        self._children.unlink()
