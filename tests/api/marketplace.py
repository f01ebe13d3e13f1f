"""People of the marketplace, as callers of the API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import jwt

from config import DEVELOPMENT_SECRET
from db.ids import new_id

Json = dict[str, Any]

_keys = count(1)
_PATIENCE_SECONDS = 120


def token(role: str, sub: str, **claims: Any) -> str:
    """A token that the API accepts in development."""
    return jwt.encode({"sub": sub, "role": role, **claims}, DEVELOPMENT_SECRET, algorithm="HS256")


def in_days(days: float) -> str:
    """So many days from now, as RFC 3339."""
    return (datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)).isoformat()


def utc(text: str) -> datetime:
    """The instant that a text names."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True)
class Person:
    """Somebody with a token."""

    http: httpx.AsyncClient
    role: str
    id: str

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """Reads something."""
        return await self._send("GET", path, params=params or None)

    async def post(self, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        """Writes something, under an idempotency key if one is given."""
        return await self._send("POST", path, body=body, key=key)

    async def put(self, path: str, body: Any, key: str | None = None) -> httpx.Response:
        """Replaces something, under an idempotency key if one is given."""
        return await self._send("PUT", path, body=body, key=key)

    async def patch(self, path: str, body: Any) -> httpx.Response:
        """Changes something."""
        return await self._send("PATCH", path, body=body)

    async def delete(self, path: str) -> httpx.Response:
        """Takes something away."""
        return await self._send("DELETE", path)

    async def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        params: Any = None,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token(self.role, self.id)}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        # httpx takes an empty set of parameters for a wish to drop those in the address.
        asked = params or None
        return await self.http.request(method, path, headers=headers, json=body, params=asked)


@dataclass(frozen=True)
class Marketplace:
    """The API under test, and whoever calls it."""

    http: httpx.AsyncClient

    def provider(self) -> Person:
        """A provider of whom nothing is known."""
        return Person(self.http, "provider", f"p-{new_id()}")

    def client(self) -> Person:
        """A client of whom nothing is known."""
        return Person(self.http, "client", f"c-{new_id()}")

    @property
    def support(self) -> Person:
        """A member of the staff."""
        return Person(self.http, "support", "staff-1")

    @property
    def service(self) -> Person:
        """Another back end."""
        return Person(self.http, "service", "payments")

    async def topic(self, provider: Person, **fields: Any) -> Json:
        """A topic that a provider offers."""
        body = {"title": "Watercolours", "duration_minutes": 60, **fields}
        return created(await provider.post("/v1/topics", body))

    async def requested(
        self, provider: Person, client: Person, *starts: str, **fields: Any
    ) -> Json:
        """A booking that waits for its provider's answer."""
        topic = await self.topic(provider)
        body = {
            "topic_id": topic["id"],
            "preferred_starts": list(starts) or [in_days(20)],
            **fields,
        }
        return created(await client.post("/v1/bookings", body))

    async def confirmed(self, provider: Person, client: Person, start: str) -> Json:
        """A booking that its provider has confirmed."""
        booking = await self.requested(provider, client, start)
        path = f"/v1/bookings/{booking['id']}/confirm"
        return ok(await provider.post(path, {"start": start}, fresh_key()))


def fresh_key() -> str:
    """An idempotency key that was never used."""
    return f"key {next(_keys)} {new_id()}"


def ok(response: httpx.Response) -> Json:
    """What a request that must succeed answers."""
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


def created(response: httpx.Response) -> Json:
    """What a creation that must succeed answers."""
    assert response.status_code == 201, response.text
    found: Json = response.json()
    return found


def problem(response: httpx.Response, status: int, code: str) -> Json:
    """The problem document of a request that must fail so."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "application/problem+json"
    found: Json = response.json()
    assert found["code"] == code, found
    assert found["status"] == status
    assert found["type"] == f"urn:keepdate:problem:{code}"
    assert found["title"]
    assert found["detail"]
    return found


def fields_of(found: Json) -> list[str]:
    """The fields that a problem names."""
    return [error["field"] for error in found["errors"]]


async def until(look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    """Waits for a condition; what was seen when it held."""
    end = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while True:
        seen = await look()
        if holds(seen):
            return seen
        assert asyncio.get_running_loop().time() < end, f"waited in vain; last seen: {seen!r}"
        await asyncio.sleep(0.05)
