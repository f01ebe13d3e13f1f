"""What the database holds, as measurements: counted when Prometheus asks, and not too often."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.queries import tallies
from domain.notices.ledger import Channel, NoticeState

_QUICK_SECONDS = 10.0
"""What is counted in an index is that old at most: whatever is open, owed or has failed."""

_LEDGER_SECONDS = 60.0
"""So is what takes reading the whole ledger, unless that takes long."""

_SHARE = 100
"""The ledger is read for no more than so small a part of the time: seldom, where it is long."""

_WITHIN_SECONDS = 5.0
_NO_ANSWER = (TimeoutError, OSError, SQLAlchemyError)
_ONLY_IN_THE_WHOLE = [
    (channel.value, state.value)
    for channel in Channel
    for state in NoticeState
    if state not in (NoticeState.OWED, NoticeState.FAILED)
]


class Tallies:
    """Counts of the database, which every replica of the API shows alike."""

    def __init__(
        self, registry: CollectorRegistry, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._counting = asyncio.Lock()
        self._quick_until = self._ledger_until = float("-inf")
        self._up = Gauge(
            "keepdate_database_up", "Whether the database could be counted in.", registry=registry
        )
        self._bookings = Gauge(
            "keepdate_open_bookings", "Open bookings by state.", ("state",), registry=registry
        )
        self._ledger = Gauge(
            "keepdate_notices",
            "Notices in the ledger by channel and state.",
            ("channel", "state"),
            registry=registry,
        )
        self._owed = Gauge(
            "keepdate_oldest_owed_notice_age_seconds",
            "How long ago the oldest notice was due that a channel still owes.",
            ("channel",),
            registry=registry,
        )

    async def refresh(self, engine: AsyncEngine) -> None:
        """Count what has not been counted lately.

        Without the database, what was counted last is not shown any more: it may be wrong.
        """
        async with self._counting:
            now = self._clock()
            if now < self._quick_until:
                return
            try:
                async with asyncio.timeout(_WITHIN_SECONDS), engine.connect() as conn:
                    await self._count_quickly(conn)
            except _NO_ANSWER:
                self._forget()
                return
            self._up.set(1)
            self._quick_until = now + _QUICK_SECONDS
            if now >= self._ledger_until:
                await self._count_ledger(engine)
                took = self._clock() - now
                self._ledger_until = now + max(_LEDGER_SECONDS, _SHARE * took)

    async def _count_quickly(self, conn: AsyncConnection) -> None:
        for state, number in (await tallies.open_bookings(conn)).items():
            self._bookings.labels(state).set(number)
        owed = await tallies.owed_notices(conn)
        self._owed.clear()
        for channel, what in owed.items():
            age = datetime.now(UTC) - what.oldest_due_at
            self._owed.labels(channel).set(max(age.total_seconds(), 0.0))
        for name, number in (await tallies.failed_notices(conn)).items():
            count = owed[name].count if name in owed else 0
            self._ledger.labels(name, NoticeState.OWED.value).set(count)
            self._ledger.labels(name, NoticeState.FAILED.value).set(number)

    async def _count_ledger(self, engine: AsyncEngine) -> None:
        """Count what was delivered too. A ledger that takes too long is shown without that."""
        try:
            async with asyncio.timeout(_WITHIN_SECONDS), engine.connect() as conn:
                counts = await tallies.ledger(conn)
        except _NO_ANSWER:
            for channel, state in _ONLY_IN_THE_WHOLE:
                self._ledger.remove(channel, state)
        else:
            for (channel, state), number in counts.items():
                self._ledger.labels(channel, state).set(number)

    def _forget(self) -> None:
        self._up.set(0)
        for gauge in (self._bookings, self._ledger, self._owed):
            gauge.clear()
        self._quick_until = self._ledger_until = float("-inf")
