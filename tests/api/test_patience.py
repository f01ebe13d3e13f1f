"""How long requests wait for a worker: longer while it is others' turn, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from api.patience import Patience

_A_MOMENT = 0.01
_NEVER = 60.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of a second is long enough to wait for somebody of whom nothing is heard."""
    monkeypatch.setattr("api.patience.ANSWER_WITHIN", timedelta(seconds=0.1))
    monkeypatch.setattr("api.patience.IN_ALL", timedelta(seconds=_NEVER))
    monkeypatch.setattr("api.patience._FARTHER_SECONDS", 0.05)
    monkeypatch.setattr("api.patience._SILENCE_SECONDS", 5.0)
    monkeypatch.setattr("api.patience._OVERTAKEN_SECONDS", _NEVER)


async def test_where_no_worker_answers_anybody_a_request_gives_up() -> None:
    with pytest.raises(TimeoutError):
        await Patience().wait(_after(_NEVER))


async def test_an_answer_in_time_is_passed_on_and_an_error_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.patience.ANSWER_WITHIN", timedelta(seconds=_NEVER))

    async def fails() -> str:
        raise LookupError

    patience = Patience()
    assert await patience.wait(_after(_A_MOMENT)) == "answered"
    with pytest.raises(LookupError):
        await patience.wait(fails())


async def test_while_others_are_answered_a_request_waits_for_its_turn() -> None:
    patience = Patience()
    async with _others_answered(patience):
        assert await patience.wait(_after(0.5)) == "answered"


async def test_where_those_who_asked_later_are_answered_a_request_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.patience._OVERTAKEN_SECONDS", 0.0)
    patience = Patience()
    async with _others_answered(patience):
        with pytest.raises(TimeoutError):
            await patience.wait(_after(_NEVER))


async def test_where_nobody_waits_in_turn_those_who_asked_later_may_be_answered_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.patience._OVERTAKEN_SECONDS", 0.0)
    patience = Patience(in_turn=False)
    async with _others_answered(patience):
        assert await patience.wait(_after(0.5)) == "answered"


async def test_where_workers_fall_silent_a_request_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.patience._SILENCE_SECONDS", 0.2)
    patience = Patience()
    await patience.wait(_after(0))
    with pytest.raises(TimeoutError):
        await patience.wait(_after(_NEVER))


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.patience.IN_ALL", timedelta(seconds=0.4))
    patience = Patience()
    async with _others_answered(patience):
        with pytest.raises(TimeoutError):
            await patience.wait(_after(_NEVER))


@asynccontextmanager
async def _others_answered(patience: Patience) -> AsyncIterator[None]:
    """While others get one answer after the other."""

    async def others() -> None:
        while True:
            await patience.wait(_after(_A_MOMENT))

    # The first of them before anybody gives up, however long this process is kept from going on.
    await patience.wait(_after(0))
    going_on = asyncio.create_task(others())
    try:
        yield
    finally:
        going_on.cancel()
        await asyncio.wait({going_on})


async def _after(seconds: float) -> str:
    answer: Awaitable[str] = asyncio.sleep(seconds, "answered")
    return await answer
