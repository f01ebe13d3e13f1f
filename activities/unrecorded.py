"""What has been decided and could not be written down yet, as far as this worker knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.common import MetricMeter
from temporalio.exceptions import ApplicationError

OLDEST_UNRECORDED = "keepdate_oldest_unrecorded_event_age_seconds"

_SHOWN_EVERY_SECONDS = 5.0

FORGOTTEN_AFTER = timedelta(minutes=2)
"""An attempt that failed is followed by the next one within a minute: if not here, on another
worker, which knows of the event from then on."""


@dataclass
class _Waiting:
    decided_at: datetime
    seen: float
    running: int = 0


class Unrecorded:
    """The decisions whose recording has begun and not succeeded, by what names the record."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}

    @contextmanager
    def attempt(self, record: str, decided_at: datetime) -> Iterator[None]:
        """One attempt to write a record down. It goes on waiting where that fails."""
        found = self._waiting.setdefault(record, _Waiting(decided_at, self._clock()))
        found.running += 1
        done = False
        try:
            yield
            done = True
        except ApplicationError as error:
            done = error.non_retryable
            raise
        finally:
            found.running -= 1
            found.seen = self._clock()
            if done:
                self._waiting.pop(record, None)

    def oldest_age(self, now: datetime) -> timedelta:
        """How long ago the oldest of them was decided; zero where nothing waits."""
        last = self._clock() - FORGOTTEN_AFTER.total_seconds()
        gone = [key for key, it in self._waiting.items() if not it.running and it.seen < last]
        for key in gone:
            del self._waiting[key]
        ages = [now - waiting.decided_at for waiting in self._waiting.values()]
        return max([*ages, timedelta()])

    async def show(self, meter: MetricMeter) -> None:
        """Measure how old the oldest of them is, for as long as the worker runs."""
        gauge = meter.create_gauge_float(
            OLDEST_UNRECORDED,
            "How long ago the oldest decision was made that this worker could not write down yet.",
        )
        while True:
            gauge.set(self.oldest_age(datetime.now(UTC)).total_seconds())
            await asyncio.sleep(_SHOWN_EVERY_SECONDS)
