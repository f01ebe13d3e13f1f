"""Every cell of the table of who may do what, asked of the running API."""

from __future__ import annotations

from dataclasses import dataclass, fields

import httpx
import pytest
from fastapi import FastAPI

from db.ids import new_id
from tests.api.marketplace import (
    Json,
    Marketplace,
    Person,
    created,
    fresh_key,
    in_days,
    ok,
    token,
)
from tests.api.permissions import ENDLESS, PERMISSIONS, Answers, Cell

COLUMNS = [field.name for field in fields(Answers)]
REFUSALS = {str(cell.value): cell for cell in (Cell.UNKNOWN, Cell.FORBIDDEN, Cell.HIDDEN)}


@dataclass(frozen=True, kw_only=True)
class Things:
    """What an operation can be about, and whose it is."""

    market: Marketplace
    provider: Person
    client: Person
    known: dict[str, str]

    def asks(self, column: str) -> Person | None:
        """Who asks, in a column of the table."""
        match column:
            case "anonymous":
                return None
            case "provider" | "client":
                mine: Person = getattr(self, column)
                return mine
            case "other_provider":
                return self.market.provider()
            case "other_client":
                return self.market.client()
            case "service":
                return self.market.service
            case _:
                return self.market.support

    def path(self, operation: str, column: str) -> str:
        """The address, with what is asked for put in."""
        whose = self.client if "client" in column else self.provider
        values = {**self.known, "role": whose.role, "person_id": whose.id}
        if column == "not_there":
            nowhere = {name: new_id() for name in self.known}
            values = {**nowhere, "role": "provider", "person_id": "nobody"}
        return operation.partition(" ")[2].format_map(values)


async def _things(market: Marketplace, operation: str) -> Things:
    """Something of each kind that the operation is about."""
    about = f"{operation} {PERMISSIONS[operation].body}"
    provider, client, start = market.provider(), market.client(), in_days(20)
    known = {"start": start, "later": in_days(21), "provider_id": provider.id}
    known |= {"client_id": client.id, "token": "of-no-calendar"}
    if "webhook_id" in about:
        wanted = {"url": "https://hooks.example.org/", "types": ["booking.requested"]}
        known["webhook_id"] = created(await provider.post("/v1/webhooks", wanted))["id"]
    if any(kind in about for kind in ("booking_id", "topic_id", "delivery_id")):
        make = market.confirmed if PERMISSIONS[operation].confirmed else market.requested
        booking = await make(provider, client, start)
        known |= {"booking_id": booking["id"], "topic_id": booking["topic_id"]}
    if "delivery_id" in about:
        log = ok(await provider.get(f"/v1/webhooks/{known['webhook_id']}/deliveries"))
        known["delivery_id"] = log["items"][0]["id"]
    if "conversation_id" in about:
        asked = await client.post("/v1/conversations", {"provider_id": provider.id})
        known["conversation_id"] = asked.json()["id"]
    if "token" in about:
        address = created(await client.post("/v1/calendar"))["url"]
        known["token"] = address.rpartition("/")[2].removesuffix(".ics")
    return Things(market=market, provider=provider, client=client, known=known)


async def _ask(things: Things, operation: str, column: str) -> httpx.Response:
    # What has no end is not waited for: who may read it may ask what its head is.
    method = "HEAD" if operation == ENDLESS else operation.partition(" ")[0]
    path = things.path(operation, column)
    if path.endswith("/preview"):
        path += "?action=ask-cancel"
    caller = things.asks(column)
    headers = {"Idempotency-Key": fresh_key()} if method not in ("GET", "HEAD") else {}
    if caller is not None:
        headers["Authorization"] = f"Bearer {token(caller.role, caller.id)}"
    body = _filled(PERMISSIONS[operation].body, things.known, caller)
    answer = await things.market.http.request(method, path, headers=headers, json=body)
    if operation == "POST /v1/webhooks" and caller is not None and answer.is_success:
        # Those of the staff would be told what happens in all tests to come.
        await caller.delete(f"{path}/{answer.json()['id']}")
    return answer


def _filled(body: Json | None, known: dict[str, str], caller: Person | None) -> Json | None:
    if body is None:
        return None

    def value(of: object) -> object:
        if isinstance(of, list):
            return [value(each) for each in of]
        return known[of[1:]] if isinstance(of, str) and of.startswith("$") else of

    found = {name: value(each) for name, each in body.items()}
    # Nobody says who they are but by their token.
    if caller is not None:
        found.pop(f"{caller.role}_id", None)
    return found


def _cell(response: httpx.Response) -> Cell:
    status = response.status_code
    # A request that is not understood says nothing about who may make it.
    assert status < 500, response.text
    assert status not in (400, 405, 422), response.text
    if status == 409 and response.json()["code"] == "provider-cannot-cancel":
        return Cell.NEVER
    return REFUSALS.get(str(status), Cell.YES)


def test_every_operation_has_a_row(described: FastAPI) -> None:
    document = described.openapi()
    operations = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    hint = "say who may do it in tests/api/permissions.py, and run `make docs`"
    assert operations == set(PERMISSIONS), hint


@pytest.mark.parametrize("operation", PERMISSIONS)
async def test_each_cell_is_what_the_api_answers(market: Marketplace, operation: str) -> None:
    row = PERMISSIONS[operation]
    things = await _things(market, operation)
    expected = {
        column: getattr(row.answers, column)
        for column in COLUMNS
        if getattr(row.answers, column) is not Cell.NO_SUCH_CASE
    }
    # First those who may not, for the others change what it is about.
    found = {}
    for column in sorted(expected, key=lambda column: expected[column] is Cell.YES):
        found[column] = _cell(await _ask(things, operation, column))
        if row.ends_it and found[column] is Cell.YES:
            things = await _things(market, operation)
    assert {column: found[column] for column in expected} == expected
