"""Providers who are late: what it takes, done on the pages by the people themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from tests.api.marketplace import until
from tests.portal.visitor import Visitor, instant, local, words

SCRIPT = "<script>alert(1)</script>"


@dataclass
class Late:
    """A provider, a client, and a topic on which sessions do not take place."""

    provider: Visitor
    client: Visitor
    topic: str

    @property
    def file(self) -> str:
        """Where support finds the provider's file."""
        return f"/providers/{self.provider.id}"

    async def confirmed(self, days: int, hour: int = 10) -> str:
        """A session in so many days; the path of its page."""
        start = local(days, hour=hour)
        path = await self.client.asks(self.topic, start)
        await self.provider.does(path, "confirm", start=instant(start))
        return path

    async def cancelled(self, days: int, reason: str = "A cold.") -> str:
        """A session that the client cancels because the provider asks for it."""
        path = await self.confirmed(days)
        await self.provider.does(path, "ask-cancel", reason=reason)
        await self.client.does(path, "cancel", reason="As agreed.")
        return path

    async def claimed(self, days: int, hour: int = 18) -> str:
        """A session that the client cancels, and says that the provider wanted it."""
        path = await self.confirmed(days, hour)
        await self.client.does(path, "cancel", reason=SCRIPT, initiated_by="provider")
        return path

    async def case(self) -> httpx.Response:
        """Three late cancellations; the provider's standing, with the case that they open."""
        for days in (2, 3, 4):
            await self.cancelled(days)
        return await self.standing("A suspension case is open")

    async def standing(self, *told: str) -> httpx.Response:
        """The provider's standing, as soon as it says all this: bookings report there."""
        found: httpx.Response = await until(
            lambda: self.provider.get("/standing"),
            lambda page: all(each in words(page) for each in told),
        )
        return found


async def late_people(meet: Callable[..., Awaitable[Visitor]]) -> Late:
    """Two who have not met."""
    provider = await meet("provider", name="Noor Haddad")
    client = await meet("client", name="Ben Okafor")
    return Late(provider, client, await provider.offers("Fugues"))
