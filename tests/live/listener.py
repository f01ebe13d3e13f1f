"""Somebody who follows the live stream over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from api.models.live import LiveEvent
from domain.party import Party
from tests.api.marketplace import token

PATIENCE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event of a stream."""

    id: str
    event: str
    data: dict[str, Any]

    @property
    def about(self) -> str | None:
        """The booking it is about."""
        found: str | None = self.data.get("booking_id")
        return found


@dataclass(frozen=True)
class Listener:
    """An open stream."""

    response: httpx.Response
    blocks: AsyncIterator[dict[str, str]]

    async def next(self) -> Told:
        """The next event, be it about something or only about the position."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for block in self.blocks:
                if "data" in block:
                    data = json.loads(block["data"])
                    assert LiveEvent.model_validate_json(block["data"]).type == block["event"]
                    return Told(id=block["id"], event=block["event"], data=data)
        raise AssertionError("the stream has ended")

    async def told(self, count: int = 1) -> list[Told]:
        """The next so many events that are about something."""
        found: list[Told] = []
        while len(found) < count:
            told = await self.next()
            if told.event != "position":
                found.append(told)
        return found

    async def begun(self) -> str:
        """The position from which the stream is up to date; nothing happened before."""
        told = await self.next()
        assert told.event == "position", told
        return told.id

    async def ended(self) -> None:
        """Waits until the server ends the stream."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for _ in self.blocks:
                pass


@asynccontextmanager
async def following(
    address: str, who: Party, last_event_id: str | None = None
) -> AsyncIterator[Listener]:
    """Opens a stream."""
    headers = {"Authorization": f"Bearer {token(who.role.value, who.id)}"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    async with (
        httpx.AsyncClient(timeout=None) as http,  # noqa: S113
        http.stream("GET", f"{address}/v1/live", headers=headers) as response,
        aclosing(_blocks(response)) as blocks,
    ):
        yield Listener(response, blocks)


async def _blocks(response: httpx.Response) -> AsyncGenerator[dict[str, str]]:
    block: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            block[name] = value
        else:
            yield block
            block = {}
