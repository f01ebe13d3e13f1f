"""One person's stream: what happened since they last looked, and then whatever happens."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Iterator

from api.live.hub import Hub
from db.queries.live import Change
from domain.party import Party

HEARTBEAT_SECONDS = 15
LIFETIME_SECONDS = 15 * 60
"""Who connects again is identified again: whoever lost their role is told no more after this."""

_RETRY_MILLISECONDS = 2000
_SENT_AT_ONCE = 100
_MOST_DIGITS = 18
_NO_PLACE = -1


async def stream(
    hub: Hub,
    viewer: Party,
    last_event_id: str | None,
    *,
    named: bool = True,
    session: str | None = None,
) -> AsyncGenerator[bytes]:
    """What concerns a person, in order, as server-sent events.

    `last_event_id` is the id that was received last, or the `place` at which a page was read: going
    on from there misses nothing and repeats nothing. Without one the stream begins now. Events
    carry their type as their name too, unless `named` is false, so that a script can take them all
    in one handler. `position` says that nothing was left out up to its id, `reset` that what
    happened before its id cannot be told one by one any more. The stream ends after a quarter of
    an hour, when the process is about to end, and when the `session` of the portal ends that it is
    read in.
    """
    asked = _place_of(last_event_id)
    place: int | None = None
    is_told_where = False
    ends = time.monotonic() + LIFETIME_SECONDS
    yield b"retry: %d\n\n" % _RETRY_MILLISECONDS
    with hub.woken(viewer, session) as news:
        while not (hub.closing or news.over) and time.monotonic() < ends:
            # Before the look, so that nothing which comes after the look is slept through.
            news.clear()
            if place is None:
                place = await _beginning(hub, asked)
            if place is not None and hub.log is not None:
                if not hub.log.reaches_back_to(place):
                    place = hub.log.place
                    yield _frame("reset", place, named=named)
                    continue
                if found := hub.log.since(place, viewer):
                    place = found[-1].place
                    for chunk in _frames(found, named=named):
                        yield chunk
                    continue
                place = hub.log.place
                if not is_told_where:
                    # A client that has heard of nothing yet knows from here where to go on.
                    yield _frame("position", place, named=named)
                    is_told_where = True
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await news.wait()
            except TimeoutError:
                yield b": still here\n\n"
                is_told_where = False


async def _beginning(hub: Hub, asked: int | None) -> int | None:
    """The place to go on from; None while the database cannot be read."""
    if hub.log is None:
        return None
    if asked is None:
        return hub.log.place
    if asked > hub.log.place and not await hub.has_looked():
        return None
    return asked


def _place_of(last_event_id: str | None) -> int | None:
    if not last_event_id:
        return None
    is_ours = last_event_id.isascii() and last_event_id.isdecimal()
    return int(last_event_id) if is_ours and len(last_event_id) <= _MOST_DIGITS else _NO_PLACE


def _frames(changes: list[Change], *, named: bool) -> Iterator[bytes]:
    for first in range(0, len(changes), _SENT_AT_ONCE):
        yield b"".join(
            _frame(
                change.type,
                change.place,
                named=named,
                subject=change.subject,
                booking_id=change.booking_id,
                conversation_id=change.conversation_id,
                provider_id=change.provider_id,
                revision=change.revision,
            )
            for change in changes[first : first + _SENT_AT_ONCE]
        )


def _frame(type_: str, place: int, *, named: bool, **about: str | int | None) -> bytes:
    known = {name: value for name, value in about.items() if value is not None}
    data = json.dumps({"type": type_, **known}, separators=(",", ":"))
    name = f"event: {type_}\n" if named else ""
    return f"id: {place}\n{name}data: {data}\n\n".encode()
