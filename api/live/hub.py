"""The one listener of a process, and everybody's streams."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from itertools import chain

import psycopg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from api.live.log import SEES_ALL, Log
from db import outages
from db.queries.live import Change, announcements, newest_place, read_changes
from domain.party import Party, Role

STREAMS_OF_ONE_PERSON = 10

_KEPT_PLACES = 10_000
_READ_AT_ONCE = 1000
_READ_SECONDS = 10
# Announcements come in bursts. What is announced within this time is read together.
_GATHER_SECONDS = 0.02
# And what is announced within this time after a reading: one costs as much as a request, and under
# load there is something to read at any time. People wait for it a tenth of a second longer.
_REST_SECONDS = 0.1
# A lost announcement is made up for after this time, and a database that is gone is noticed.
_LOOK_EVERY_SECONDS = 15
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0

_log = logging.getLogger(__name__)
_OUTAGES = (psycopg.Error, SQLAlchemyError, OSError, TimeoutError)


class News(asyncio.Event):
    """Set whenever there may be something for the reader of a stream.

    `session` is the session of the portal that it is read in, and `over` whether that was ended.
    """

    def __init__(self, session: str | None) -> None:
        super().__init__()
        self.session = session
        self.over = False


class Hub:
    """Reads what happened as soon as it is announced, and wakes the streams that it concerns.

    A database that is away only makes it late: it goes on from where it was.
    """

    def __init__(self, engine: AsyncEngine, url: str, *, application_name: str) -> None:
        self._engine = engine
        self._url = url
        self._application_name = application_name
        self._streams: defaultdict[Party, set[News]] = defaultdict(set)
        self._reading = asyncio.Lock()
        self.log: Log | None = None
        """None until the database was read for the first time."""
        self.closing = False
        """Whether all streams are to end, because the process does."""

    @property
    def place(self) -> int | None:
        """Where the feed stands, for a page that is about to be read.

        A stream that goes on from here misses nothing that the page does not show.
        """
        return self.log.place if self.log else None

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return sum(map(len, self._streams.values()))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens for as long as the application runs. It starts without the database."""
        task = asyncio.create_task(self._run(), name="live")
        try:
            yield
        finally:
            self.close()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def close(self) -> None:
        """Ends all streams, and those that are opened from now on."""
        self.closing = True
        self._wake(self._streams)

    def is_full(self, viewer: Party) -> bool:
        """Whether a person has as many streams as one can have."""
        return len(self._streams.get(viewer, ())) >= STREAMS_OF_ONE_PERSON

    @contextlib.contextmanager
    def woken(self, viewer: Party, session: str | None = None) -> Iterator[News]:
        """An event that is set whenever there may be something for this person."""
        news = News(session)
        self._streams[viewer].add(news)
        try:
            yield news
        finally:
            self._streams[viewer].discard(news)
            if not self._streams[viewer]:
                del self._streams[viewer]

    async def has_looked(self) -> bool:
        """Looks for what this process may not have read yet; False if the database is away.

        Another process may have told of it already.
        """
        try:
            await self._catch_up()
        except _OUTAGES:
            return False
        return True

    async def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                async with announcements(
                    self._url,
                    application_name=self._application_name,
                    at_least_every=_LOOK_EVERY_SECONDS,
                ) as heard:
                    await self._forget_what_is_undone()
                    await self._catch_up()
                    # Those too that could not begin without the database.
                    self._wake(self._streams)
                    pause = _FIRST_PAUSE_SECONDS
                    async for signed_out in heard:
                        self._end(signed_out)
                        await asyncio.sleep(_GATHER_SECONDS)
                        await self._catch_up()
                        await asyncio.sleep(_REST_SECONDS)
            except _OUTAGES as error:
                _log.warning("Live updates wait for the database: %s", outages.in_brief(error))
            except Exception:  # noqa: BLE001  # a bug of ours must not end live updates for good
                _log.exception("Live updates failed, and begin anew")
            # Not all processes at once, when the database is back.
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _catch_up(self) -> None:
        """Reads to the end of the feed."""
        async with asyncio.timeout(_READ_SECONDS), self._reading:
            log = self.log or await self._new_log()
            more = True
            while more:
                found = await read_changes(self._engine, after=log.place, limit=_READ_AT_ONCE)
                log.extend(found)
                self._wake(self._concerned(found))
                more = len(found) == _READ_AT_ONCE
            self.log = log

    async def _forget_what_is_undone(self) -> None:
        """A database that was restored from an older copy gives the last places once more.

        To read on from the old place would tell nobody anything until they are all given.
        """
        async with asyncio.timeout(_READ_SECONDS), self._reading:
            if self.log is not None and await newest_place(self._engine) < self.log.place:
                self.log = None

    async def _new_log(self) -> Log:
        # From well before now, so that who was served by another process goes on with this one.
        newest = await newest_place(self._engine)
        return Log(begins=max(newest - _KEPT_PLACES, 0), kept=_KEPT_PLACES)

    def _concerned(self, changes: Sequence[Change]) -> set[Party]:
        if not changes:
            return set()
        named = {Party(role=Role.PROVIDER, id=change.provider_id or "") for change in changes}
        named |= {Party(role=Role.CLIENT, id=change.client_id or "") for change in changes}
        return {party for party in self._streams if party.role in SEES_ALL or party in named}

    def _end(self, sessions: Collection[str]) -> None:
        """Ends the streams of these sessions."""
        for news in chain.from_iterable(self._streams.values()) if sessions else ():
            if news.session in sessions:
                news.over = True
                news.set()

    def _wake(self, parties: Iterable[Party]) -> None:
        for party in parties:
            for news in self._streams[party]:
                news.set()
