"""Whoever listens for announcements can be stopped at any moment, and leaves nothing open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries.live import announcements

Work = Coroutine[Any, Any, Any]


@coroutine
def _step_by_step(work: Work, at_step: Callable[[], None]) -> Generator[Any, Any, Any]:
    """Runs something as it is, and says so each time it waits, and when it has ended."""
    go: Callable[[], Any] = partial(work.send, None)
    while True:
        try:
            waits_for = go()
        except StopIteration as end:
            at_step()
            return end.value
        at_step()
        try:
            go = partial(work.send, (yield waits_for))
        except BaseException as error:  # noqa: BLE001  # it is handed on, whatever it is
            go = partial(work.throw, error)


class Stopped:
    """A listener that is cancelled at one moment; the connections that it has opened."""

    def __init__(self, url: str, *, at: int) -> None:
        self.opened: list[psycopg.AsyncConnection] = []
        self.reached = 0
        self._url = url
        self._at = at
        self._task: asyncio.Task[None] | None = None

    def step(self) -> None:
        """One more moment has come."""
        self.reached += 1
        if self.reached == self._at and self._task is not None:
            self._task.cancel()

    @property
    def was_reached(self) -> bool:
        """Whether the moment to be cancelled at came before everything was over."""
        return self.reached >= self._at

    async def run(self, wrap: Callable[[Work], Work]) -> None:
        """Listens until something would have been heard, or until it is cancelled."""
        self._task = asyncio.create_task(wrap(self._listen()))
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    async def _listen(self) -> None:
        async with announcements(
            self._url, application_name="stopped", at_least_every=0.001
        ) as heard:
            await anext(heard)


@pytest.mark.parametrize("whose", ["connecting", "listening"])
async def test_no_connection_stays_open(
    tables: AsyncEngine, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    url = tables.url.render_as_string(hide_password=False)
    connect = psycopg.AsyncConnection.connect
    moments = 0
    while True:
        stopped = Stopped(url, at=moments + 1)

        async def connected(*args: Any, stopped: Stopped = stopped, **options: Any) -> Any:
            work = connect(*args, **options)
            stepped = _step_by_step(work, stopped.step) if whose == "connecting" else work
            found = await stepped
            stopped.opened.append(found)
            return found

        async def listening(work: Work, stopped: Stopped = stopped) -> None:
            await (_step_by_step(work, stopped.step) if whose == "listening" else work)

        monkeypatch.setattr(psycopg.AsyncConnection, "connect", connected)
        await stopped.run(listening)
        assert all(conn.closed for conn in stopped.opened), f"stopped at moment {moments + 1}"
        if not stopped.was_reached:
            break
        moments += 1
    assert moments > 1
