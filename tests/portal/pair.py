"""A provider and a client, and what there is between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.portal.visitor import Visitor, instant, local

WHEN = local(20)
"""When the two meet, by a clock in Berlin."""


@dataclass
class Pair:
    """A provider in Berlin, a client in Tokyo, and a topic."""

    ada: Visitor
    yuki: Visitor
    topic: str

    async def pending(self, *starts: str, note: str = "") -> str:
        """A request; the path of its page."""
        return await self.yuki.asks(self.topic, *(starts or (in_tokyo(WHEN),)), note=note)

    async def confirmed(self, start: str = WHEN) -> str:
        """A confirmed booking; the path of its page."""
        path = await self.pending(in_tokyo(start))
        await self.ada.does(path, "confirm", start=instant(start))
        return path


def in_tokyo(in_berlin: str) -> str:
    """What a clock in Berlin shows, as a clock in Tokyo shows it."""
    moment = datetime.fromisoformat(instant(in_berlin))
    return moment.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%dT%H:%M")
