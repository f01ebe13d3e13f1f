"""How long a request waits for a worker before what it asks for is left with Temporal."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

ANSWER_WITHIN = timedelta(seconds=3)
"""How long a request waits for a worker, of which nothing is heard."""

IN_ALL = timedelta(seconds=6)
"""How long it waits at most, where workers answer others and its turn has yet to come."""

_SILENCE_SECONDS = 1.0
"""A worker that has answered nobody for so long may be gone."""

_OVERTAKEN_SECONDS = 1.0
"""Where one who asked so much later has been answered, it is not the queue that holds us up."""

_FARTHER_SECONDS = 0.25
_AHEAD_SECONDS = 0.01

T = TypeVar("T")


class Patience:
    """Knows whether it is worth while to wait on: of all requests of an API, which were answered.

    Workers that have much to do answer late, but in turn. To give their commands as signals too
    would be more to do still, and make all the others later. So a request waits on while those that
    asked before it are being answered.
    """

    def __init__(self, *, in_turn: bool = True) -> None:
        """`in_turn` says that who asks first is answered first, as far as workers can help it."""
        self._in_turn = in_turn
        self._answered_at = -math.inf
        self._reached = -math.inf

    async def wait(self, answer: Awaitable[T]) -> T:
        """What a worker answers. Raises TimeoutError where it does not in time."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        latest = asked_at + IN_ALL.total_seconds()

        looking: asyncio.TimerHandle
        async with asyncio.timeout_at(asked_at + ANSWER_WITHIN.total_seconds()) as limit:

            def look() -> None:
                now = loop.time()
                if now < latest and self._comes_to(asked_at, now):
                    limit.reschedule(min(now + _FARTHER_SECONDS, latest))
                    look_again()

            def look_again() -> None:
                nonlocal looking
                looking = loop.call_at((limit.when() or latest) - _AHEAD_SECONDS, look)

            look_again()
            try:
                answered = await answer
            finally:
                looking.cancel()
        self._answered_at = loop.time()
        self._reached = max(self._reached, asked_at)
        return answered

    def _comes_to(self, asked_at: float, now: float) -> bool:
        """Whether workers get on, and have not passed by one who asked at `asked_at`."""
        silent = now - self._answered_at > _SILENCE_SECONDS
        overtaken = self._in_turn and self._reached > asked_at + _OVERTAKEN_SECONDS
        return not silent and not overtaken
