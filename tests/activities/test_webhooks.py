"""Webhooks as a receiver gets them: signed, whole, and the same each time they are tried."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from activities.delivering import (
    NotDeliveredError,
    NotWantedError,
    UndeliverableError,
)
from api.views import feed_view
from db.queries.feed import read_feed
from db.schema import events, notices
from db.stores.webhooks import delete_webhook, replace_secret
from domain.notices.endpoint import SECRET_OVERLAP, Reach
from domain.notices.ledger import NoticeState
from tests.activities.endpoints import ADA, ledger, now, outgoing, outlet
from tests.activities.receiver import Received, Receiver
from tests.db.endpoints import endpoint, secret
from tests.db.player import requested

HOUR = timedelta(hours=1)


def verified(got: Received, signing: str) -> Any:
    """What a receiver reads that checks the signature."""
    return Webhook(signing).verify(got.body, got.headers)


async def test_a_receiver_can_verify_what_it_gets(engine: AsyncEngine, receiver: Receiver) -> None:
    signing = secret()
    webhook_id = await endpoint(engine, url=receiver.url, signing=signing)
    await requested(engine)
    notice = await outgoing(engine, webhook_id)
    sent = await outlet(engine).send(notice)
    assert sent.answer == "HTTP 204"
    told = verified(receiver.last, signing)
    (item,) = await read_feed(engine, limit=10)
    assert told == {
        "type": "booking.requested",
        "timestamp": feed_view(item)["occurred_at"],
        "data": feed_view(item),
    }
    headers = receiver.last.headers
    assert headers["webhook-id"] == notice.id
    assert headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        verified(receiver.last, secret())


async def test_each_attempt_sends_the_same_bytes_under_the_same_id(
    engine: AsyncEngine, receiver: Receiver
) -> None:
    signing = secret()
    webhook_id = await endpoint(engine, url=receiver.url, signing=signing)
    await requested(engine)
    notice = await outgoing(engine, webhook_id)
    for minutes in (0, 2):
        await outlet(engine, at=now() + timedelta(minutes=minutes)).send(notice)
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    # Each says when it was made, so that an old one cannot be played again.
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert verified(first, signing) == verified(second, signing)


async def test_a_provider_is_not_told_how_much_happens_to_others(
    engine: AsyncEngine, receiver: Receiver
) -> None:
    webhook_id = await endpoint(engine, url=receiver.url, owner=ADA)
    played = await requested(engine)
    await outlet(engine).send(await outgoing(engine, webhook_id))
    data = json.loads(receiver.last.body)["data"]
    assert set(data) == {"type", "occurred_at", "booking_id", "provider_id", "data"}
    assert data["booking_id"] == played.booking.id


async def test_a_replaced_secret_signs_on_for_a_day(
    engine: AsyncEngine, receiver: Receiver
) -> None:
    oldest, old, new = secret(), secret(), secret()
    webhook_id = await endpoint(engine, url=receiver.url, signing=oldest)
    await requested(engine)
    notice = await outgoing(engine, webhook_id)
    until = now() + HOUR
    rotated = until - SECRET_OVERLAP
    async with engine.begin() as conn:
        await replace_secret(conn, webhook_id, secret=old, now=rotated - 2 * HOUR)
        assert await replace_secret(conn, webhook_id, secret=new, now=rotated) == until
    await outlet(engine).send(notice)
    assert len(receiver.last.headers["webhook-signature"].split()) == 2
    for signing in (old, new):
        verified(receiver.last, signing)
    with pytest.raises(WebhookVerificationError):
        verified(receiver.last, oldest)


async def test_what_nobody_waits_for_is_not_sent(engine: AsyncEngine, receiver: Receiver) -> None:
    webhook_id = await endpoint(engine, url=receiver.url)
    await requested(engine)
    notice = await outgoing(engine, webhook_id)
    async with engine.begin() as conn:
        await delete_webhook(conn, webhook_id, now=now())
    with pytest.raises(NotWantedError, match="endpoint deleted"):
        await outlet(engine).send(notice)
    assert not receiver.received
    assert await ledger(engine, notices.c.state, id=notice.id) == [(NoticeState.SKIPPED.value,)]


async def test_private_addresses_are_called_only_where_the_settings_allow_it(
    engine: AsyncEngine, receiver: Receiver
) -> None:
    webhook_id = await endpoint(engine, url=receiver.url)
    await requested(engine)
    notice = await outgoing(engine, webhook_id)
    with pytest.raises(NotDeliveredError, match="not a public address"):
        await outlet(engine, reach=Reach(plain=True)).send(notice)
    with pytest.raises(NotDeliveredError, match="https"):
        await outlet(engine, reach=Reach(private=True)).send(notice)
    assert not receiver.received


async def test_what_is_too_large_is_not_sent(engine: AsyncEngine, receiver: Receiver) -> None:
    webhook_id = await endpoint(engine, url=receiver.url)
    await requested(engine)
    async with engine.begin() as conn:
        await conn.execute(update(events).values(data={"text": "ř" * 150_000}))
    with pytest.raises(UndeliverableError, match="larger than 256 kB"):
        await outlet(engine).send(await outgoing(engine, webhook_id))
    assert not receiver.received
