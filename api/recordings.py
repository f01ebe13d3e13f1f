"""Waiting for bookings to be on record, with one look at the database for all who wait."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from sqlalchemy.ext.asyncio import AsyncEngine

from api.patience import Patience
from db.queries.bookings import BookingRow, get_bookings

_LOOK_EVERY_SECONDS = 0.02
_LOOK_AT_LEAST_EVERY_SECONDS = 0.1


class Recordings:
    """Looks for what requests wait for, as long as any does: rarely, where it takes long."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # Of its own: bookings that begin wait in another queue than those that go on, and under
        # load some of them are overtaken there by seconds.
        self._patience = Patience(in_turn=False)
        self._awaited: defaultdict[str, set[asyncio.Future[BookingRow]]] = defaultdict(set)
        self._pause = _LOOK_EVERY_SECONDS
        self._looking: asyncio.Task[None] | None = None

    async def first_of(self, booking_id: str) -> BookingRow:
        """A booking that was begun just now, as soon as the database shows it.

        Raises TimeoutError where no worker has recorded it in time, or the database's error.
        """
        return await self._patience.wait(self._seen(booking_id))

    async def _seen(self, booking_id: str) -> BookingRow:
        # Nobody is as quick as to have recorded it by now: the first look comes a little later.
        seen: asyncio.Future[BookingRow] = asyncio.get_running_loop().create_future()
        self._awaited[booking_id].add(seen)
        self._pause = _LOOK_EVERY_SECONDS
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            return await seen
        finally:
            self._awaited[booking_id].discard(seen)
            if not self._awaited[booking_id]:
                del self._awaited[booking_id]

    async def close(self) -> None:
        """Look no more: whoever still waits is not answered."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def _look(self) -> None:
        while self._awaited:
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, _LOOK_AT_LEAST_EVERY_SECONDS)
            try:
                async with self._engine.connect() as conn:
                    found = await get_bookings(conn, list(self._awaited))
            except Exception as error:  # noqa: BLE001  # it is theirs who wait
                self._tell(error)
            else:
                self._tell(found)

    def _tell(self, found: dict[str, BookingRow] | Exception) -> None:
        for booking_id, waiting in self._awaited.items():
            for seen in waiting:
                if seen.done():
                    continue
                if isinstance(found, Exception):
                    seen.set_exception(found)
                elif booking_id in found:
                    seen.set_result(found[booking_id])
