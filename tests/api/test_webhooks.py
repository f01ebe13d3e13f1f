"""Endpoints of webhooks: whose they are, what they are told, and telling it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook

from api.models.webhook import (
    DeliveryPage,
    NewWebhookModel,
    WebhookChange,
    WebhookModel,
    WebhookPage,
)
from api.problems import ProblemError
from api.webhooks import change, rotate
from config import Settings
from db.ids import new_id
from db.queries.webhooks import get_webhook
from db.schema import idempotency_keys
from db.stores.webhooks import delete_webhook, disable_webhook
from domain.notices.endpoint import MOST_ENDPOINTS, Reach
from tests.activities import receiver as it
from tests.activities.receiver import Receiver, receiving, says
from tests.api.conftest import served, worked
from tests.api.marketplace import (
    Json,
    Marketplace,
    Person,
    created,
    fields_of,
    fresh_key,
    in_days,
    ok,
    problem,
    until,
)

PATH = "/v1/webhooks"
URL = "https://hooks.example.org/keepdate"


@pytest.fixture(scope="module")
async def open_market(shared_settings: Settings) -> AsyncIterator[Marketplace]:
    """A marketplace whose webhooks may reach this machine."""
    open_to_all = {"task_queue": "webhook-tests", "webhook_allow_private": True}
    settings = shared_settings.model_copy(update=open_to_all)
    async with worked(settings), served(settings) as marketplace:
        yield marketplace


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


async def delete(person: Person, path: str) -> Any:
    return await person._send("DELETE", path)


async def added(person: Person, url: str = URL, **fields: Any) -> Json:
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


async def test_what_happens_is_told_signed_by_both_secrets_of_a_rotation(
    open_market: Marketplace, receiver: Receiver
) -> None:
    provider, client = open_market.provider(), open_market.client()
    made = await added(provider, receiver.url)
    path, key = f"{PATH}/{made['id']}/rotate-secret", fresh_key()
    rotated = ok(await provider.post(path, key=key))
    assert ok(await provider.post(path, key=key)) == rotated
    overlap = datetime.fromisoformat(rotated["old_secret_until"]) - datetime.fromisoformat(
        ok(await provider.get(f"{PATH}/{made['id']}"))["updated_at"]
    )
    assert overlap == timedelta(hours=24)
    booking = await open_market.requested(provider, client, in_days(20))
    (delivery,) = await settled(provider, made)
    assert delivery["state"] == "sent"
    assert (delivery["type"], delivery["booking_id"]) == ("booking.requested", booking["id"])
    assert (delivery["attempts"], delivery["answer"]) == (1, "HTTP 204")
    (got,) = receiver.received
    for secret in (made["secret"], rotated["secret"]):
        told = Webhook(secret).verify(got.body, got.headers)
        assert told["data"]["booking_id"] == booking["id"]


async def test_a_service_is_told_of_everybody(open_market: Marketplace, receiver: Receiver) -> None:
    me = Person(open_market.http, "service", f"s-{new_id()}")
    made = await added(me, receiver.url, types=["booking.requested"])
    wanted = set()
    for _ in range(2):
        booking = await open_market.requested(
            open_market.provider(), open_market.client(), in_days(20)
        )
        wanted.add(booking["id"])
    told = {each["booking_id"] for each in await settled(me, made, 2)}
    # Others' tests go on beside this one.
    await delete(me, f"{PATH}/{made['id']}")
    assert wanted <= told


async def test_a_delivery_is_repeated_until_it_is_taken(open_market: Marketplace) -> None:
    answers = iter([says("500 Oh No"), it.breaks_off, it.TAKEN])

    async def changing(writer: asyncio.StreamWriter) -> None:
        await next(answers)(writer)

    provider, client = open_market.provider(), open_market.client()
    async with receiving(changing) as receiver:
        made = await added(provider, receiver.url)
        await open_market.requested(provider, client, in_days(20))
        (delivery,) = await settled(provider, made)
    assert (delivery["state"], delivery["attempts"]) == ("sent", 3)
    # Whatever became of the others, it is one message.
    assert {got.headers["webhook-id"] for got in receiver.received} == {delivery["id"]}
    assert len({got.body for got in receiver.received}) == 1


async def test_a_delivery_can_be_asked_for_again(
    open_market: Marketplace, receiver: Receiver
) -> None:
    provider, client = open_market.provider(), open_market.client()
    made = await added(provider, receiver.url)
    await open_market.requested(provider, client, in_days(20))
    (first,) = await settled(provider, made)
    path = f"{PATH}/{made['id']}/deliveries/{first['id']}/redeliver"

    async def sent(count: int) -> None:
        async def look() -> Any:
            (found,) = await deliveries(provider, made)
            return found["state"], found["attempts"]

        assert await until(look, lambda seen: seen == ("sent", count))

    key = fresh_key()
    answer = await provider.post(path, key=key)
    assert (answer.status_code, answer.json()["id"]) == (202, first["id"])
    await sent(2)
    # The same request again is no other one.
    assert (await provider.post(path, key=key)).status_code == 202
    assert (await provider.post(path)).status_code == 202
    await sent(3)
    assert len({got.body for got in receiver.received}) == 1
    assert {got.headers["webhook-id"] for got in receiver.received} == {first["id"]}
    problem(await provider.post(path.replace(first["id"], new_id())), 404, "not-found")
    problem(await provider.post(path.replace(first["id"], "a%00b")), 404, "not-found")


async def test_what_failed_for_good_can_be_asked_for_again(
    open_market: Marketplace, receiver: Receiver
) -> None:
    provider, client = open_market.provider(), open_market.client()
    receiver.answer = says("410 Gone")
    made = await added(provider, receiver.url)
    await open_market.requested(provider, client, in_days(20))
    (failed,) = await settled(provider, made)
    assert (failed["state"], failed["reason"]) == ("failed", "endpoint disabled")
    assert failed["answer"] == "HTTP 410"
    path = f"{PATH}/{made['id']}"
    assert ok(await provider.get(path))["disabled_reason"] == "It answered 410 Gone."
    redelivery = f"{path}/deliveries/{failed['id']}/redeliver"
    problem(await provider.post(redelivery), 409, "webhook-disabled")
    ok(await provider.patch(path, {"enabled": True}))
    receiver.answer = it.TAKEN
    assert (await provider.post(redelivery)).status_code == 202
    (taken,) = await until(
        lambda: deliveries(provider, made), lambda found: found[0]["state"] == "sent"
    )
    assert (taken["reason"], taken["attempts"]) == (None, 2)


async def test_the_log_is_paged_to_its_end(open_market: Marketplace, receiver: Receiver) -> None:
    provider, client = open_market.provider(), open_market.client()
    made = await added(provider, receiver.url)
    for _ in range(3):
        await open_market.requested(provider, client, in_days(20))
    await settled(provider, made, 3)
    path, seen, after = f"{PATH}/{made['id']}/deliveries", [], None
    while True:
        page = ok(await provider.get(path, limit=2, **({"after": after} if after else {})))
        DeliveryPage.model_validate_json(json.dumps(page))
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == 3
    assert seen == sorted(seen, reverse=True)
