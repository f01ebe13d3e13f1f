"""A town whose people are told by mail, and which has an endpoint that is told of everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from drills.receivers import Receivers
from drills.town import Provider, Town

_SERVICE = "notices-drill"


@dataclass
class ReachableTown(Town):
    """A town whose people have addresses, each of their own."""

    async def reach(self, role: str, person: str) -> None:
        """Where somebody gets mail."""
        path = f"/v1/people/{role}/{person}/notices"
        answer = await self.call(
            "PUT", path, "service", _SERVICE, {"email": f"{person}@drill.example"}
        )
        answer.raise_for_status()

    async def settle(self, number: int, *, minutes: int = 1) -> None:
        """So many providers move in, who are reached by mail."""
        await super().settle(number, minutes=minutes)
        for provider in self.providers:
            await self.reach("provider", provider.id)

    async def ask(self, provider: Provider, client_id: str, *starts: datetime) -> str | None:
        """A client asks for a session, and is reached by mail."""
        await self.reach("client", client_id)
        return await super().ask(provider, client_id, *starts)

    @asynccontextmanager
    async def listening(self, receivers: Receivers) -> AsyncIterator[None]:
        """An endpoint is told of everything meanwhile."""
        path = "/v1/webhooks"
        answer = await self.call("POST", path, "service", _SERVICE, {"url": receivers.hook_url})
        endpoint = answer.raise_for_status().json()
        receivers.secret = endpoint["secret"]
        yield
        # Whoever goes on with this stack must not wait for an endpoint that is no more.
        await self.call("DELETE", f"{path}/{endpoint['id']}", "service", _SERVICE)
