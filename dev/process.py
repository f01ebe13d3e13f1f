"""A child process that can be stopped for certain, and that does not outlive its parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
# Loaded here, for a forked child must not import anything before it becomes the new program.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StartError(Exception):
    """Something cannot be started; the message is one line for the person at the terminal."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run, and how it likes to be ended."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    account: tuple[int, int] | None = None
    """User and group id to run as; None for our own."""

    stop_signal: signal.Signals = signal.SIGTERM
    """Asks the program to finish in good order."""

    orphan_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends the program if we die without having stopped it (Linux only)."""


@dataclass
class Child:
    """A program that runs. It has a session of its own, so that Ctrl-C reaches only its parent."""

    program: Program
    process: subprocess.Popen[bytes]
    started_at: float = field(init=False)
    """When it started by the system's own account: with the pid it names a process for good."""

    def __post_init__(self) -> None:
        try:
            self.started_at = psutil.Process(self.pid).create_time()
        except psutil.NoSuchProcess:
            self.started_at = 0.0

    @classmethod
    def start(cls, program: Program) -> Child:
        """Runs the program, with all its output added to its log."""
        user, group = program.account or (None, None)
        with program.log.open("ab") as log:
            process = subprocess.Popen(
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=program.environment,
                cwd=program.directory,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if program.account is None else [],
                preexec_fn=_die_with_parent(program.orphan_signal),  # noqa: PLW1509
            )
        return cls(program, process)

    @property
    def name(self) -> str:
        """What the program is called among ours."""
        return self.program.name

    @property
    def pid(self) -> int:
        """Its number among the processes of the machine."""
        return self.process.pid

    def exit_code(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        return self.process.poll()

    def stop(self, seconds: float) -> None:
        """Asks it to end, and ends it by force when `seconds` are over. Nothing of it remains."""
        family = _descendants(self.pid)
        if self.exit_code() is None:
            self.process.send_signal(self.program.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self.exit_code() is None:
            self.process.kill()
        self.process.wait()

    def last_lines(self, count: int = 15) -> list[str]:
        """The end of its log, to show why it died."""
        text = self.program.log.read_text(encoding="utf-8", errors="replace")
        return text.splitlines()[-count:]


def end_process(process: psutil.Process, gentle: signal.Signals, seconds: float) -> None:
    """Ends a process that is not our child: by `gentle` first, by force when time is over."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(gentle)
        try:
            process.wait(seconds)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(seconds)


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _die_with_parent(orphan_signal: signal.Signals) -> Callable[[], None] | None:
    libc = _LIBC
    if libc is None:
        return None
    parent = os.getpid()

    def ask_kernel() -> None:
        # Runs after the change of user, which would clear the request.
        libc.prctl(_PR_SET_PDEATHSIG, int(orphan_signal))
        if os.getppid() != parent:  # the parent died before the request stood
            os._exit(1)

    return ask_kernel
