"""A process ends when its work has, well or not, whatever its threads still wait for."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import worker
from config import Settings
from dev.trial import free_port
from tests.packaging.project import ROOT

_ENDS_SECONDS = 60

# As the threads of Temporal's client may, which an interpreter that ends waits for.
_BUSY = """
import sys, threading
from cli import main
threading.Thread(target=threading.Event().wait).start()
sys.argv = ["keepdate", *sys.argv[1:]]
main()
"""


# As what the SDK has begun may, once it fails.
_LEFT_BEHIND = """
import asyncio, sys
import worker
from cli import main

async def never():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def run_worker(settings, stop):
    global left
    left = asyncio.create_task(never())
    await asyncio.sleep(0)
    raise RuntimeError("there are no tasks any more")

worker.run_worker = run_worker
sys.argv = ["keepdate", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["queries"], 0, ""),
        (["worker"], 1, "keepdate: KEEPDATE_DATABASE_URL"),
        (["token", "--role", "king", "--sub", "ada"], 2, "Usage:"),
    ],
)
def test_it_ends_and_says_how(words: list[str], code: int, told: str) -> None:
    ended = _run(_BUSY, *words)
    assert (ended.returncode, ended.stderr[: len(told)]) == (code, told), ended.stderr


def test_a_worker_that_fails_ends_whatever_it_leaves_behind() -> None:
    ended = _run(_LEFT_BEHIND, "worker", KEEPDATE_DATABASE_URL="postgresql://nobody@127.0.0.1:1/k")
    assert ended.returncode == 1
    assert "keepdate cannot go on" in ended.stderr
    assert "RuntimeError: there are no tasks any more" in ended.stderr


class _Unending:
    """A part of a worker of which the SDK never lets go, and which may fail as it ends."""

    def __init__(self, stop: asyncio.Event, ends: Callable[[], Awaitable[None]]) -> None:
        self._stop = stop
        self._ends = ends

    async def run(self) -> None:
        """Be asked to stop, and go on for ever."""
        self._stop.set()
        await asyncio.Event().wait()

    async def shutdown(self) -> None:
        """End as the test says, which is never done."""
        await self._ends()
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("before", "meanwhile", "told"),
    [
        ("there are no tasks", None, "^there are no tasks$"),
        (None, "there are no tasks", "^there are no tasks$"),
        (None, None, r"^asked to stop, the worker has not ended in 0\.02 seconds$"),
    ],
)
async def test_a_worker_that_does_not_end_is_not_waited_for(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    before: str | None,
    meanwhile: str | None,
    told: str,
) -> None:
    failure, stop = worker.Failure(), asyncio.Event()

    async def fail(error: str | None) -> None:
        if error is not None:
            await failure.tell(RuntimeError(error))
            await failure.tell(RuntimeError("nor here"))

    part: Any = _Unending(stop, lambda: fail(meanwhile))
    parts = worker.Workers(part, failure=failure)
    monkeypatch.setattr(worker, "build_worker", lambda *_, **__: parts)
    monkeypatch.setattr(worker, "LETS_GO_SECONDS", 0.01)
    await fail(before)
    hasty = {"graceful_shutdown_seconds": 0.01, "metrics_port": free_port()}
    async with asyncio.timeout(_ENDS_SECONDS):
        with pytest.raises((RuntimeError, worker.NotEndedError), match=told):
            await worker.run_worker(settings.model_copy(update=hasty), stop)


def _run(program: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEEPDATE_")}
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=ROOT,
        env=kept | settings,
        capture_output=True,
        text=True,
        timeout=_ENDS_SECONDS,
        check=False,
    )
