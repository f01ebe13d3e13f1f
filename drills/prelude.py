"""What happens before anything is broken, so that every check has something to look at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import LiteralString

import psycopg

from drills import stories
from drills.faults import Scene
from drills.town import in_days

_SOON = 22
_PATIENCE_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.1
_SUPERSEDED: LiteralString = (
    "SELECT count(*) FROM notices WHERE channel = 'email' AND state = 'superseded'"
)


async def prelude(scene: Scene) -> None:
    """People who will be reminded, one whose date is amended before, and one told of two dates."""
    town = scene.town
    one, other, *_ = town.providers
    await asyncio.gather(
        *(stories.reminded(town, provider, within=_SOON) for provider in town.providers),
        stories.postponed(town, other),
    )
    client, start = town.name("c"), in_days(12)
    booking = await town.ask(one, client, start)
    if booking is None:
        raise RuntimeError("a free time was refused")
    await town.tell(booking, one, "provider", one.id, "confirm", start=start.isoformat())
    await _until(lambda: any(client in mail.to for mail in scene.receivers.log.mails))
    scene.receivers.full = True
    try:
        # The notice of the first is still owed when the second makes it pointless.
        for days in (3, 6):
            await stories.amend(town, booking, one, start + timedelta(days=days))
        await _until(lambda: _count(scene.database, _SUPERSEDED) > 0)
    finally:
        scene.receivers.full = False


async def _until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + _PATIENCE_SECONDS
    while not await asyncio.to_thread(holds):
        if time.monotonic() > ends:
            raise RuntimeError("the drill does not get under way")
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def _count(url: str, query: LiteralString) -> int:
    with psycopg.connect(url) as conn:
        found = conn.execute(query).fetchone()
    return int(found[0]) if found else 0
