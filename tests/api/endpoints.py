"""Endpoints of webhooks, as their owners add and follow them over HTTP."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.marketplace import Json, Person, created, ok, until

PATH = "/v1/webhooks"
URL = "https://hooks.example.org/keepdate"


async def delete(person: Person, path: str) -> httpx.Response:
    """Deletes whatever lies there."""
    return await person._send("DELETE", path)


async def added(person: Person, url: str = URL, **fields: Any) -> Json:
    """A new endpoint of somebody's, as it is told to them, with its secret."""
    return created(await person.post(PATH, {"url": url, **fields}))


async def deliveries(person: Person, webhook: Json) -> list[Json]:
    """What an endpoint was sent, newest first."""
    items: list[Json] = ok(await person.get(f"{PATH}/{webhook['id']}/deliveries"))["items"]
    return items


async def settled(person: Person, webhook: Json, count: int = 1) -> list[Json]:
    """The deliveries to an endpoint, once so many have ended."""

    async def look() -> list[Json]:
        return await deliveries(person, webhook)

    def ended(found: list[Json]) -> bool:
        return [each["state"] != "owed" for each in found].count(True) >= count

    found: list[Json] = await until(look, ended)
    return found
