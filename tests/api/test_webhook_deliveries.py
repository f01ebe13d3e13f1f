"""What endpoints of webhooks are told, and telling it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from api.models.webhook import (
    DeliveryPage,
)
from config import Settings
from db.ids import new_id
from tests.activities import receiver as it
from tests.activities.receiver import Receiver, receiving, says
from tests.api.conftest import served, worked
from tests.api.endpoints import PATH, added, delete, deliveries, settled
from tests.api.marketplace import (
    Marketplace,
    Person,
    fresh_key,
    in_days,
    ok,
    problem,
    until,
)


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
