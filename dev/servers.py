"""The embedded servers and our programs on them: begun, watched over, and ended in good order."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from dev.postgres import Postgres
from dev.process import Child, Program, StartError
from dev.temporal import Temporal, embedded_environment

CLI = Path(__file__).resolve().parent.parent / "cli.py"
_START_SECONDS = 60
_TICK = 0.05


class Servers:
    """PostgreSQL with a database, Temporal, and what else was begun: each a process, by name."""

    def __init__(
        self,
        *,
        postgres: Path,
        temporal: Path,
        port: int,
        ui_port: int,
        database: str,
        log: Callable[[str], Path],
    ) -> None:
        self.postgres = Postgres(postgres)
        self.temporal = Temporal(temporal, port=port, ui_port=ui_port)
        self.parts: dict[str, Child] = {}
        """What runs, in the order in which it was begun."""
        self._database = database
        self._log = log

    @property
    def database_url(self) -> str:
        """The database of the marketplace, for SQLAlchemy."""
        return self.postgres.url(self._database)

    def start_postgres(self) -> None:
        """Starts PostgreSQL, and makes the database as soon as it lets us in."""
        self.begin("postgres", lambda: self.postgres.start(self._log("postgres")))
        self.until(self.postgres.is_ready, "PostgreSQL")
        self.postgres.ensure_database(self._database)

    def start_temporal(self) -> None:
        """Starts Temporal, without waiting for it."""
        self.begin("temporal", lambda: self.temporal.start(self._log("temporal")))

    def begin(self, name: str, start: Callable[[], Child]) -> None:
        """Starts a part, which is watched over from now on."""
        self.parts[name] = start()

    def program(
        self, name: str, *words: str, directory: Path | None = None, **settings: str
    ) -> Child:
        """Starts one of our programs on these servers, of which nobody takes note.

        `settings` are those of the marketplace, as `KEEPDATE_…` without that.
        """
        ours = {f"KEEPDATE_{key.upper()}": value for key, value in settings.items()}
        environment = embedded_environment(self.temporal.address) | {
            "KEEPDATE_DATABASE_URL": self.database_url,
            "KEEPDATE_DATABASE_URL_FILE": "",
            "PYTHONUNBUFFERED": "1",
            **ours,
        }
        return Child.start(
            Program(
                name=name,
                command=[sys.executable, *words],
                log=self._log(name),
                environment=environment,
                directory=directory,
            )
        )

    def until(self, reached: Callable[[], bool], what: str | None = "the stack") -> None:
        """Waits until `what` is ready, while all parts live; where it is None, without an end.

        Raises StartError where a part dies, or time is up.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not reached():
            for child in self.parts.values():
                if child.exit_code() is not None:
                    raise StartError(obituary(child))
            if what is not None and time.monotonic() > deadline:
                newest = next(reversed(self.parts.values()))
                told = f"{what} is not ready after {_START_SECONDS} s"
                raise StartError(f"{told}; {_last_words(newest)}")
            time.sleep(_TICK)

    def end(self, name: str, seconds: float) -> None:
        """Ends a part in good order, by force when time is over."""
        child = self.parts.pop(name)
        if name == "postgres":
            self.postgres.stop(child, seconds)
        else:
            child.stop(seconds)


def obituary(child: Child) -> str:
    """What a program died of, as far as it said."""
    code = child.exit_code() or 0
    cause = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
    return f"{child.name} died ({cause}); {_last_words(child)}"


def _last_words(child: Child) -> str:
    last = [f"  | {line}" for line in child.last_lines()]
    return "\n".join([f"from {child.program.log}:", *last])
