"""Endpoints of webhooks: whose they are, and what can be done to them."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from api.models.webhook import (
    NewWebhookModel,
    WebhookChange,
    WebhookModel,
    WebhookPage,
)
from api.problems import ProblemError
from api.webhooks import change, rotate
from db.ids import new_id
from db.queries.webhooks import get_webhook
from db.schema import idempotency_keys
from db.stores.webhooks import delete_webhook, disable_webhook
from domain.notices.endpoint import MOST_ENDPOINTS, Reach
from tests.api.endpoints import PATH, URL, added, delete
from tests.api.marketplace import (
    Json,
    Marketplace,
    Person,
    created,
    fields_of,
    fresh_key,
    ok,
    problem,
)


async def test_an_endpoint_is_added_read_changed_and_deleted(market: Marketplace) -> None:
    me = market.provider()
    made = await added(me, types=["booking.confirmed", "booking.confirmed"], description="Ours")
    NewWebhookModel.model_validate_json(json.dumps(made))
    assert made["secret"].startswith("whsec_")
    assert made["types"] == ["booking.confirmed"]
    path = f"{PATH}/{made['id']}"
    read = ok(await me.get(path))
    # Told once.
    assert read == {name: made[name] for name in made if name != "secret"}
    assert read["enabled"] is True
    assert read["owner"] == {"role": "provider", "id": me.id}
    changed = ok(await me.patch(path, {"types": [], "url": URL + "/2", "enabled": False}))
    assert (changed["types"], changed["url"], changed["enabled"]) == ([], URL + "/2", False)
    assert changed["disabled_reason"] == "Its owner has disabled it."
    again = ok(await me.patch(path, {"enabled": True}))
    assert (again["enabled"], again["disabled_at"], again["disabled_reason"]) == (True, None, None)
    assert (await delete(me, path)).status_code == 204
    for gone in (await me.get(path), await delete(me, path), await me.patch(path, {})):
        problem(gone, 404, "not-found")
    assert ok(await me.get(PATH))["items"] == []


async def test_the_same_key_adds_one_endpoint(market: Marketplace) -> None:
    me, key = market.provider(), fresh_key()
    first = created(await me.post(PATH, {"url": URL}, key))
    assert created(await me.post(PATH, {"url": URL}, key)) == first
    problem(await me.post(PATH, {"url": URL + "/2"}, key), 409, "key-reused")
    assert len(ok(await me.get(PATH))["items"]) == 1


async def test_no_secret_of_an_endpoint_that_is_deleted_is_left_in_what_was_answered(
    market: Marketplace, market_engine: AsyncEngine
) -> None:
    me, key, other = market.provider(), fresh_key(), fresh_key()
    made = created(await me.post(PATH, {"url": URL}, key))
    kept = created(await me.post(PATH, {"url": URL}, other))
    path = f"{PATH}/{made['id']}"
    replaced = ok(await me.post(f"{path}/rotate-secret", None, fresh_key()))
    await delete(me, path)
    async with market_engine.connect() as conn:
        theirs = idempotency_keys.c.owner_id == me.id
        answers = str((await conn.scalars(select(idempotency_keys.c.body).where(theirs))).all())
    assert made["secret"] not in answers
    assert replaced["secret"] not in answers
    # What is answered again is the same otherwise, and adds no other endpoint.
    assert created(await me.post(PATH, {"url": URL}, key)) == {**made, "secret": ""}
    assert created(await me.post(PATH, {"url": URL}, other)) == kept
    assert len(ok(await me.get(PATH))["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": 5}, "url"),
        ({"url": ""}, "url"),
        ({"url": "hooks.example.org"}, "url"),
        ({"url": "ftp://hooks.example.org/"}, "url"),
        ({"url": "https://user:secret@hooks.example.org/"}, "url"),
        ({"url": "https://hooks.example.org/#there"}, "url"),
        ({"url": "https://hooks.example.org:25/"}, "url"),
        ({"url": "https://hooks.example.org:99999/"}, "url"),
        ({"url": "https://localhost/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "url"),
        ({"url": "https://hooks.example.org/" + "x" * 2048}, "url"),
        ({"url": "https://hooks.example.org\\@10.0.0.1/"}, "url"),
        ({"url": URL, "types": ["booking.confirmed", "booking.exploded"]}, "types.1"),
        ({"url": URL, "types": ["reminder.sent"]}, "types.0"),
        ({"url": URL, "types": "booking.confirmed"}, "types"),
        ({"url": URL, "description": "x" * 201}, "description"),
    ],
)
async def test_what_cannot_be_an_endpoint_is_refused_by_its_field(
    market: Marketplace, body: Json, field: str
) -> None:
    me = market.provider()
    assert fields_of(problem(await me.post(PATH, body), 422, "malformed")) == [field]
    if "url" in body:
        path = f"{PATH}/{(await added(me))['id']}"
        assert fields_of(problem(await me.patch(path, body), 422, "malformed")) == [field]


async def test_an_owner_has_so_many_endpoints_and_no_more(market: Marketplace) -> None:
    me = market.provider()
    answers = await asyncio.gather(
        *(me.post(PATH, {"url": URL}) for _ in range(MOST_ENDPOINTS + 5))
    )
    assert [answer.status_code for answer in answers].count(201) == MOST_ENDPOINTS
    problem(await me.post(PATH, {"url": URL}), 409, "too-many-webhooks")
    pages = []
    after = None
    while True:
        asked: Json = {"after": after} if after else {}
        page = ok(await me.get(PATH, limit=8, **asked))
        WebhookPage.model_validate_json(json.dumps(page))
        pages.append([item["id"] for item in page["items"]])
        after = page["next"]
        if after is None:
            break
    assert [len(page) for page in pages] == [8, 8, 4]
    everything = [each for page in pages for each in page]
    assert everything == sorted(set(everything), reverse=True)


async def test_clients_are_told_of_nothing(market: Marketplace) -> None:
    client = market.client()
    for answer in (
        await client.post(PATH, {"url": URL}),
        await client.get(PATH),
        await client.get(f"{PATH}/{new_id()}"),
        await client.post(f"{PATH}/{new_id()}/rotate-secret"),
    ):
        problem(answer, 403, "not-allowed")


async def test_somebody_elses_endpoint_does_not_exist(market: Marketplace) -> None:
    owner, other = market.provider(), market.provider()
    # Of the same id, in another role.
    namesake = Person(market.http, "service", owner.id)
    path = f"{PATH}/{(await added(owner))['id']}"
    for stranger in (other, namesake):
        for answer in (
            await stranger.get(path),
            await stranger.patch(path, {"url": 5}),
            await delete(stranger, path),
            await stranger.post(f"{path}/rotate-secret"),
            await stranger.get(f"{path}/deliveries"),
            await stranger.post(f"{path}/deliveries/{new_id()}/redeliver"),
        ):
            problem(answer, 404, "not-found")
        assert ok(await stranger.get(PATH))["items"] == []


async def test_an_endpoint_that_is_deleted_while_its_secret_is_replaced_is_gone(
    market: Marketplace, market_engine: AsyncEngine
) -> None:
    provider = market.provider()
    made = await added(provider, URL)
    async with market_engine.begin() as conn:
        # What a request has found that replaces the secret, when another deletes the endpoint.
        found = await get_webhook(conn, made["id"])
        await delete_webhook(conn, made["id"], now=datetime.now(UTC))
    assert found is not None
    with pytest.raises(ProblemError) as told:
        async with market_engine.begin() as conn:
            await rotate(conn, found, caller=found.owner)
    assert told.value.status == 404


async def test_an_endpoint_that_is_disabled_while_its_owner_enables_it_is_enabled(
    market: Marketplace, market_engine: AsyncEngine
) -> None:
    made = await added(market.provider(), URL)
    async with market_engine.begin() as conn:
        # What a request has found that enables the endpoint, when another disables it.
        found = await get_webhook(conn, made["id"])
        await disable_webhook(conn, made["id"], now=datetime.now(UTC), reason="Wombats.")
    assert found is not None
    async with market_engine.begin() as conn:
        wanted = WebhookChange(enabled=True)
        answered = await change(conn, found, wanted, reach=Reach(private=False))
    assert (answered.body["enabled"], answered.body["disabled_reason"]) == (True, None)


async def test_support_sees_every_endpoint_but_no_secret(market: Marketplace) -> None:
    owner = market.provider()
    made = await added(owner)
    path = f"{PATH}/{made['id']}"
    listed = ok(await market.support.get(PATH, limit=1))["items"]
    assert [each["id"] for each in listed] == [made["id"]]
    WebhookModel.model_validate_json(json.dumps(ok(await market.support.get(path))))
    problem(await market.support.post(f"{path}/rotate-secret"), 403, "not-allowed")
    assert ok(await market.support.patch(path, {"enabled": False}))["owner"]["id"] == owner.id
    assert (await delete(market.support, path)).status_code == 204
