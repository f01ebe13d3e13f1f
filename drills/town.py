"""The people of a drill, and how they speak to the marketplace: over HTTP or by raw signals.

Nothing here knows the product but by its public contract: paths, signal names, JSON.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
from temporalio.client import Client
from temporalio.service import RPCError

from config import DEVELOPMENT_SECRET
from drills.journal import Journal, Said

_PATIENCE_SECONDS = 150.0
_AGAIN_SECONDS = 0.25
_SERVER_ERRORS = 500
_TOO_MANY = 429


class UnansweredError(Exception):
    """Nobody has answered for as long as any fault lasts."""


@dataclass
class Provider:
    """Somebody who offers one topic."""

    id: str
    topic_id: str


@dataclass
class Town:
    """The drill's people. Whatever happens by chance happens by `chance`, which is seeded."""

    http: httpx.AsyncClient
    temporal: Client
    chance: random.Random
    journal: Journal
    twice: bool = False
    """Every request is sent twice, at the same time."""

    providers: list[Provider] = field(default_factory=list)
    _ids: int = 0

    async def settle(self, number: int, *, minutes: int = 1) -> None:
        """So many providers move in, each with a topic."""
        for _ in range(number):
            provider_id = self.name("p")
            answer = await self.call(
                "POST", "/v1/topics", "provider", provider_id,
                {"title": f"Topic of {provider_id}", "duration_minutes": minutes},
            )  # fmt: skip
            self.providers.append(Provider(provider_id, answer.json()["id"]))

    def name(self, prefix: str) -> str:
        """A new id, the same in every run with the same seed."""
        self._ids += 1
        return f"{prefix}-{self.chance.getrandbits(40):010x}-{self._ids}"

    async def call(
        self, method: str, path: str, role: str, person: str, body: Any = None, key: str = ""
    ) -> httpx.Response:
        """Sends a request until somebody answers it, always with the same key."""
        key = key or self.name("k")
        if not self.twice or method == "GET":
            return await self._until_answered(method, path, role, person, body, key)
        one, _other = await asyncio.gather(
            self._until_answered(method, path, role, person, body, key),
            self._until_answered(method, path, role, person, body, key),
        )
        return one

    async def ask(self, provider: Provider, client_id: str, *starts: datetime) -> str | None:
        """A client asks for a session; the booking's id, or None where it was refused."""
        body = {"topic_id": provider.topic_id, "preferred_starts": [_text(each) for each in starts]}
        said = self.journal.add(
            Said(
                booking_id="", provider_id=provider.id, command="request",
                command_id=self.name("k"), via="http", body=body,
            )
        )  # fmt: skip
        answer = await self.call("POST", "/v1/bookings", "client", client_id, body, said.command_id)
        said.status, found = answer.status_code, answer.json()
        said.code = found.get("code")
        said.booking_id = found.get("id", "") if said.acknowledged else ""
        return said.booking_id or None

    async def tell(
        self, booking_id: str, provider: Provider, role: str, person: str, command: str, **body: Any
    ) -> Said:
        """Somebody gives a command, over HTTP or by a raw signal."""
        via = "signal" if self.chance.random() < 0.4 else "http"  # noqa: PLR2004
        return await self.tell_by(via, booking_id, provider, role, person, command, **body)

    async def tell_by(
        self, via: str, booking_id: str, provider: Provider, role: str, person: str, command: str,
        **body: Any,
    ) -> Said:  # fmt: skip
        """Somebody gives a command by one of the two ways."""
        said = self.journal.add(
            Said(
                booking_id=booking_id, provider_id=provider.id, command=command,
                command_id=self.name("k"), via=via, body=body,
            )
        )  # fmt: skip
        if via == "signal":
            await self.signal(said, role, person)
        else:
            path = f"/v1/bookings/{booking_id}/{command}"
            answer = await self.call("POST", path, role, person, body, said.command_id)
            said.status = answer.status_code
            if not said.acknowledged:
                said.code = answer.json().get("code")
        return said

    async def signal(self, said: Said, role: str, person: str) -> None:
        """Sends what somebody has said to the workflow; again, if it was sent before."""
        payload = {
            **said.body,
            "command_id": said.command_id,
            "by": {"role": role, "id": person},
            "at": _text(datetime.now(UTC)),
        }
        handle = self.temporal.get_workflow_handle(f"booking/{said.booking_id}")
        ends = time.monotonic() + _PATIENCE_SECONDS
        for _ in range(2 if self.twice else 1):
            while True:
                try:
                    async with asyncio.timeout(5):
                        await handle.signal(said.command, payload)
                except (RPCError, TimeoutError, RuntimeError) as error:
                    if "completed" in str(error) or "not found" in str(error):
                        said.status = said.status or 409
                        break
                    if time.monotonic() > ends:
                        raise UnansweredError(f"signal {said.command}") from error
                    await asyncio.sleep(_AGAIN_SECONDS)
                else:
                    said.status = 202
                    break

    async def _until_answered(
        self, method: str, path: str, role: str, person: str, body: Any, key: str
    ) -> httpx.Response:
        token = jwt.encode({"sub": person, "role": role}, DEVELOPMENT_SECRET, algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        ends = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                answer = await self.http.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                last: object = error
            else:
                if answer.status_code < _SERVER_ERRORS and answer.status_code != _TOO_MANY:
                    return answer
                last = answer.text[:200]
            if time.monotonic() > ends:
                raise UnansweredError(f"{method} {path}: {last!r}")
            await asyncio.sleep(_AGAIN_SECONDS)


def in_days(days: float) -> datetime:
    """So many days from now, on a whole second."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


def _text(moment: datetime) -> str:
    return moment.isoformat()
