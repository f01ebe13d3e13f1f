"""Every error is a problem document, whatever was sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from fastapi import FastAPI

from config import DEVELOPMENT_SECRET, Settings
from db.ids import new_id
from tests.api.conftest import served
from tests.api.marketplace import Marketplace, fields_of, ok, problem, token

HOUR = timedelta(hours=1)
OTHER_SECRET = "another secret that is long enough to sign with"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Bearer",
        "Bearer nonsense",
        "Basic cDpw",
        f"Bearer {token('clock', 'x')}",
        f"Bearer {token('nobody', 'x')}",
        f"Bearer {token('client', '')}",
        f"Bearer {token('client', 'x' * 65)}",
        f"Bearer {token('client', 'a b')}",
        f"Bearer {token('client', 'x', exp=datetime.now(UTC) - HOUR)}",
        f"Bearer {token('client', 'x', nbf=datetime.now(UTC) + HOUR)}",
        "Bearer " + jwt.encode({"sub": "x"}, DEVELOPMENT_SECRET),
        "Bearer " + jwt.encode({"sub": 5, "role": "client"}, DEVELOPMENT_SECRET),
        "Bearer " + jwt.encode({"sub": "x", "role": ["client"]}, DEVELOPMENT_SECRET),
        "Bearer " + jwt.encode({"sub": "x", "role": "client"}, OTHER_SECRET),
        "Bearer " + jwt.encode({"sub": "x", "role": "client"}, "", algorithm="none"),
    ],
)
async def test_without_a_valid_token_nothing_is_told(
    market: Marketplace, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in (("GET", "/v1/bookings?limit=x"), ("POST", "/v1/bookings/x/confirm")):
        answer = await market.http.request(method, path, headers=headers)
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_audience_and_issuer_are_asked_for_where_they_are_set(
    api_settings: Settings,
) -> None:
    settings = api_settings.model_copy(update={"jwt_audience": "keepdate", "jwt_issuer": "us"})
    async with served(settings) as market:
        for claims, status in (
            ({}, 401),
            ({"aud": "keepdate"}, 401),
            ({"aud": "another", "iss": "us"}, 401),
            ({"aud": "keepdate", "iss": "us"}, 200),
        ):
            bearer = {"Authorization": f"Bearer {token('client', 'x', **claims)}"}
            answer = await market.http.get("/v1/bookings", headers=bearer)
            assert answer.status_code == status, claims


async def test_a_token_must_expire_in_production(api_settings: Settings) -> None:
    changes = {
        "environment": "production",
        "jwt_secret": OTHER_SECRET,
        "session_secret": OTHER_SECRET,
    }
    async with served(api_settings.model_copy(update=changes)) as market:
        claims = {"sub": "x", "role": "client"}
        for extra, status in (({}, 401), ({"exp": datetime.now(UTC) + HOUR}, 200)):
            bearer = jwt.encode({**claims, **extra}, OTHER_SECRET)
            answer = await market.http.get(
                "/v1/bookings", headers={"Authorization": f"Bearer {bearer}"}
            )
            assert answer.status_code == status


DEEP = b"[" * 100_000
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": b"{",
    "not UTF-8": b'{"title": "\xff"}',
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "a list": b"[]",
    "null": b"null",
    "a number": b"5",
    "not a number": b'{"duration_minutes": NaN}',
    "infinity": b'{"duration_minutes": -Infinity}',
    "half a surrogate pair": b'{"title": "\\ud800", "duration_minutes": 60}',
    "half a pair in a name": b'{"\\ud800": 1}',
    "deep": DEEP,
    "deep inside": b'{"x": ' + b"[" * 500 + b"]" * 500 + b"}",
    "a huge number": b'{"duration_minutes": 1' + b"0" * 5000 + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_what_is_no_object_is_malformed(market: Marketplace, body: bytes) -> None:
    provider = market.provider()
    headers = {"Authorization": f"Bearer {token('provider', provider.id)}"}
    answer = await market.http.post("/v1/topics", content=body, headers=headers)
    assert fields_of(problem(answer, 422, "malformed")) == ["body"]
    assert ok(await provider.get("/v1/topics", provider_id=provider.id))["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "a\0b"}, "title"),
        ({"title": " "}, "title"),
        ({"title": 5}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"duration_minutes": 0}, "duration_minutes"),
        ({"duration_minutes": "60"}, "duration_minutes"),
        ({"duration_minutes": True}, "duration_minutes"),
        ({"duration_minutes": 10**30}, "duration_minutes"),
        ({"duration_minutes": 1e400}, "body"),
        ({"provider_id": "another"}, "provider_id"),
    ],
)
async def test_a_wrong_field_is_named(
    market: Marketplace, body: dict[str, object], field: str
) -> None:
    headers = {"Authorization": f"Bearer {token('provider', 'p-1')}"}
    content = json.dumps({"title": "Oils", "duration_minutes": 60, **body})
    answer = await market.http.post("/v1/topics", content=content, headers=headers)
    assert fields_of(problem(answer, 422, "malformed")) == [field]


async def test_a_command_that_is_malformed_names_every_field(market: Marketplace) -> None:
    booking = await market.requested(market.provider(), market.client())
    answer = await market.support.post(
        f"/v1/bookings/{booking['id']}/cancel", {"reason": 5, "at": "yesterday"}
    )
    assert sorted(fields_of(problem(answer, 422, "malformed"))) == ["at", "reason"]


async def test_of_thousands_of_wrong_fields_the_first_are_named(market: Marketplace) -> None:
    body = {"topic_id": new_id(), "preferred_starts": ["?"] * 50_000}
    answer = await market.client().post("/v1/bookings", body)
    wrong = fields_of(problem(answer, 422, "malformed"))
    assert wrong == [f"preferred_starts.{number}" for number in range(20)]


async def test_what_is_too_large_is_not_read(market: Marketplace) -> None:
    answer = await market.provider().post("/v1/topics", {"title": "x" * 300_000})
    problem(answer, 413, "too-large")


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "\x7f"])
async def test_a_key_that_cannot_be_one_is_malformed(market: Marketplace, key: str) -> None:
    answer = await market.provider().post("/v1/topics", {"title": "x", "duration_minutes": 5}, key)
    assert fields_of(problem(answer, 422, "malformed")) == ["Idempotency-Key"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("after=nonsense", "after"),
        ("after=AA", "after"),
        ("state=gone", "state"),
        ("provider_id=%00", "provider_id"),
    ],
)
async def test_a_wrong_parameter_is_named(market: Marketplace, query: str, field: str) -> None:
    answer = await market.support.get(f"/v1/bookings?{query}")
    assert fields_of(problem(answer, 422, "malformed")) == [field]


async def test_unknown_addresses_and_methods(market: Marketplace) -> None:
    problem(await market.http.get("/v1/nothing"), 404, "not-found")
    answer = await market.http.delete("/v1/topics")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    one = await market.http.post(f"/v1/topics/{new_id()}")
    assert one.headers["allow"] == "GET, HEAD, PATCH"
    command = await market.http.get(f"/v1/bookings/{new_id()}/confirm")
    assert command.headers["allow"] == "POST"
    style = await market.http.put("/static/portal.css")
    assert style.headers["allow"] == "GET, HEAD"


async def test_head_is_answered_as_get_without_the_body(market: Marketplace) -> None:
    headers = {"Authorization": f"Bearer {token('support', 'sam')}"}
    for path in ("/v1/topics", "/v1/nothing", "/healthz", "/sign-in", "/static/portal.css"):
        whole = await market.http.get(path, headers=headers)
        head = await market.http.head(path, headers=headers)
        assert (head.status_code, head.content) == (whole.status_code, b"")
        assert head.headers["content-type"] == whole.headers["content-type"]
        assert head.headers["content-length"] == str(len(whole.content))
    # A stream has no end, but to whoever asks for none of it.
    stream = await market.http.head("/v1/live", headers=headers)
    assert stream.headers["content-type"].startswith("text/event-stream")
    refused = await market.http.head("/v1/bookings/x/confirm")
    assert (refused.status_code, refused.content) == (405, b"")


async def test_a_request_keeps_its_id(market: Marketplace) -> None:
    own = await market.http.get("/healthz", headers={"X-Request-ID": "trace-7"})
    assert own.headers["x-request-id"] == "trace-7"
    for bad in ("", "a b", "x" * 65):
        ours = await market.http.get("/healthz", headers={"X-Request-ID": bad})
        assert ours.headers["x-request-id"] not in ("", bad)


async def test_operators_can_measure_without_ids(market: Marketplace) -> None:
    booking = await market.requested(market.provider(), market.client())
    await market.support.get(f"/v1/bookings/{booking['id']}")
    assert ok(await market.http.get("/readyz"))["status"] == "ready"
    text = (await market.http.get("/metrics")).text
    assert 'route="/v1/bookings/{booking_id}"' in text
    assert booking["id"] not in text
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert names
    assert all(name.startswith("keepdate_") for name in names)


async def test_of_a_bug_nothing_is_told(described: FastAPI) -> None:
    async def broken() -> None:
        raise LookupError("a secret")

    described.add_api_route("/v1/broken", broken)
    transport = httpx.ASGITransport(described)
    async with httpx.AsyncClient(transport=transport, base_url="http://keepdate") as http:
        answer = await http.get("/v1/broken")
    problem(answer, 500, "internal")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"]
