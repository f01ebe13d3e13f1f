"""Webhooks as a receiver gets them: signed, whole, and the same each time they are tried."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from activities.delivering import (
    NotDeliveredError,
    NotWantedError,
    Outgoing,
    UndeliverableError,
)
from activities.posting import Poster
from activities.webhooks import WebhookOutlet
from api.views import feed_view
from db.engine import create_engine
from db.queries.feed import read_feed
from db.queries.webhooks import WebhookRow, get_webhook
from db.recording import deliveries
from db.schema import events, notices
from db.stores.webhooks import delete_webhook, enable_webhook, replace_secret, update_webhook
from domain.notices.endpoint import DISABLED_AFTER, SECRET_OVERLAP, Reach
from domain.notices.ledger import Delivered, NoticeState
from domain.party import Party, Role
from tests.activities import receiver as it
from tests.activities.receiver import Received, Receiver, receiving, says
from tests.db.endpoints import BILLING, endpoint, secret
from tests.db.player import requested

ADA = Party(role=Role.PROVIDER, id="ada")
HOUR = timedelta(hours=1)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


def now() -> datetime:
    """Whole seconds, as the headers have them. Receivers compare them with their own clock."""
    return datetime.now(UTC).replace(microsecond=0)


def outlet(
    engine: AsyncEngine,
    *,
    at: datetime | None = None,
    mail: bool = False,
    reach: Reach = Reach(private=True, plain=True),  # noqa: B008
) -> WebhookOutlet:
    clock: Callable[[], datetime] = now if at is None else lambda: at
    poster = Poster(reach, within=timedelta(seconds=5))
    return WebhookOutlet(engine, poster, mail=mail, clock=clock)


async def outgoing(engine: AsyncEngine, webhook_id: str) -> Outgoing:
    """The newest notice to an endpoint, at its next attempt."""
    async with engine.begin() as conn:
        newest = select(notices.c.id).where(notices.c.webhook_id == webhook_id)
        notice_id = (await conn.scalars(newest.order_by(notices.c.id.desc()).limit(1))).one()
        claimed = await deliveries.claim(conn, notice_id)
    assert not isinstance(claimed, Delivered), claimed
    return Outgoing(
        id=claimed.id,
        to=Party(role=Role(claimed.recipient_role), id=claimed.recipient_id),
        kind=claimed.kind,
        provider_id=claimed.provider_id,
        booking_id=claimed.booking_id,
        booking_revision=claimed.booking_revision,
        session_start=claimed.session_start,
        due_at=claimed.due_at,
        created_at=claimed.created_at,
        event_id=claimed.event_id,
        webhook_id=claimed.webhook_id,
        attempt=claimed.attempts,
    )


async def found(engine: AsyncEngine, webhook_id: str) -> WebhookRow:
    async with engine.connect() as conn:
        row = await get_webhook(conn, webhook_id)
    assert row is not None
    return row


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
    rotated = now() - SECRET_OVERLAP + HOUR
    async with engine.begin() as conn:
        await replace_secret(conn, webhook_id, secret=old, now=rotated - 2 * HOUR)
        assert await replace_secret(conn, webhook_id, secret=new, now=rotated) == now() + HOUR
    await outlet(engine).send(notice)
    assert len(receiver.last.headers["webhook-signature"].split()) == 2
    for signing in (old, new):
        verified(receiver.last, signing)
    with pytest.raises(WebhookVerificationError):
        verified(receiver.last, oldest)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (says("500 Oh No", body="A <b>fault</b>."), "HTTP 500: A <b>fault</b>."),
        (says("404 Not Found"), "HTTP 404"),
        (
            says("302 Found", "Location: http://127.0.0.1/"),
            "HTTP 302, a redirect, which is not followed",
        ),
        (it.breaks_off, "what the host answered is not HTTP, or broke off"),
    ],
)
async def test_an_endpoint_that_does_not_take_it_is_asked_again(
    engine: AsyncEngine, answer: it.Answer, told: str
) -> None:
    async with receiving(answer) as receiver:
        webhook_id = await endpoint(engine, url=receiver.url)
        await requested(engine)
        notice = await outgoing(engine, webhook_id)
        with pytest.raises(NotDeliveredError) as failed:
            await outlet(engine).send(notice)
        assert str(failed.value) == told
        since = (await found(engine, webhook_id)).failing_since
        assert since is not None
        # A success ends it.
        receiver.answer = it.TAKEN
        await outlet(engine).send(notice)
    assert (await found(engine, webhook_id)).failing_since is None


async def test_a_busy_endpoint_says_when_to_come_again(engine: AsyncEngine) -> None:
    async with receiving(says("503 Busy", "Retry-After: 90")) as receiver:
        webhook_id = await endpoint(engine, url=receiver.url)
        await requested(engine)
        notice = await outgoing(engine, webhook_id)
        for answer, wait in (
            (receiver.answer, timedelta(seconds=90)),
            (says("429 Too Many", "Retry-After: 999999"), HOUR),
            (says("500 Oh No", "Retry-After: 90"), None),
        ):
            receiver.answer = answer
            with pytest.raises(NotDeliveredError) as failed:
                await outlet(engine).send(notice)
            assert failed.value.wait == wait


async def _ledger(engine: AsyncEngine, *columns: Any, **where: Any) -> list[tuple[Any, ...]]:
    async with engine.connect() as conn:
        rows = await conn.execute(select(*columns).filter_by(**where).order_by(notices.c.id))
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("owner", "told"),
    [(BILLING, ("support", "support", None)), (ADA, ("provider", "ada", "ada"))],
)
async def test_an_endpoint_that_fails_for_five_days_is_disabled(
    engine: AsyncEngine, owner: Party, told: tuple[str | None, ...]
) -> None:
    begun = now()
    async with receiving(says("500 Oh No")) as receiver:
        webhook_id = await endpoint(engine, url=receiver.url, owner=owner)
        await requested(engine)
        await requested(engine)
        notice = await outgoing(engine, webhook_id)
        for after in (timedelta(), timedelta(days=2), DISABLED_AFTER - timedelta(seconds=1)):
            with pytest.raises(NotDeliveredError):
                await outlet(engine, at=begun + after).send(notice)
            assert (await found(engine, webhook_id)).disabled_at is None
        assert (await found(engine, webhook_id)).failing_since == begun
        ended = begun + DISABLED_AFTER
        with pytest.raises(NotDeliveredError):
            await outlet(engine, at=ended).send(notice)
    row = await found(engine, webhook_id)
    assert row.disabled_at == ended
    assert row.disabled_reason
    assert "without a success" in row.disabled_reason
    # Whatever was owed to it ends, this delivery with what was answered.
    of_it = await _ledger(
        engine, notices.c.state, notices.c.reason, notices.c.answer, webhook_id=webhook_id
    )
    assert of_it == [
        ("failed", "endpoint disabled", None),
        ("failed", "endpoint disabled", "HTTP 500"),
    ]
    inbox = await _ledger(
        engine,
        notices.c.recipient_role,
        notices.c.recipient_id,
        notices.c.provider_id,
        notices.c.state,
        kind="webhook.disabled",
    )
    assert inbox == [(*told, "sent")]


async def test_a_disabled_endpoint_is_not_called_until_it_is_enabled(engine: AsyncEngine) -> None:
    async with receiving(says("410 Gone")) as receiver:
        webhook_id = await endpoint(engine, url=receiver.url)
        await requested(engine)
        notice = await outgoing(engine, webhook_id)
        with pytest.raises(NotDeliveredError):
            await outlet(engine).send(notice)
        assert (await found(engine, webhook_id)).disabled_reason == "It answered 410 Gone."
        with pytest.raises(UndeliverableError, match="endpoint disabled"):
            await outlet(engine).send(notice)
        assert len(receiver.received) == 1
        async with engine.begin() as conn:
            await enable_webhook(conn, webhook_id, now=now())
        receiver.answer = it.TAKEN
        assert (await outlet(engine).send(notice)).answer == "HTTP 204"


async def test_what_nobody_waits_for_is_not_sent(engine: AsyncEngine, receiver: Receiver) -> None:
    webhook_id = await endpoint(engine, url=receiver.url)
    await requested(engine)
    notice = await outgoing(engine, webhook_id)
    async with engine.begin() as conn:
        await delete_webhook(conn, webhook_id, now=now())
    with pytest.raises(NotWantedError, match="endpoint deleted"):
        await outlet(engine).send(notice)
    assert not receiver.received
    assert await _ledger(engine, notices.c.state, id=notice.id) == [(NoticeState.SKIPPED.value,)]


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


async def test_another_url_has_not_failed_yet(engine: AsyncEngine, receiver: Receiver) -> None:
    webhook_id = await endpoint(engine, url="http://127.0.0.1:1/")
    await requested(engine)
    notice = await outgoing(engine, webhook_id)
    with pytest.raises(NotDeliveredError, match="cannot be connected to"):
        await outlet(engine).send(notice)
    async with engine.begin() as conn:
        await update_webhook(conn, webhook_id, url=receiver.url, now=now())
    assert (await found(engine, webhook_id)).failing_since is None
    await outlet(engine).send(notice)
    assert len(receiver.received) == 1


async def test_what_is_too_large_is_not_sent(engine: AsyncEngine, receiver: Receiver) -> None:
    webhook_id = await endpoint(engine, url=receiver.url)
    await requested(engine)
    async with engine.begin() as conn:
        await conn.execute(update(events).values(data={"text": "ř" * 150_000}))
    with pytest.raises(UndeliverableError, match="larger than 256 kB"):
        await outlet(engine).send(await outgoing(engine, webhook_id))
    assert not receiver.received


async def test_few_wait_for_an_endpoint_that_fails(engine: AsyncEngine) -> None:
    async with receiving(says("500 Oh No")) as receiver:
        webhook_id = await endpoint(engine, url=receiver.url)
        await requested(engine)
        notice = await outgoing(engine, webhook_id)
        out = outlet(engine)
        with pytest.raises(NotDeliveredError):
            await out.send(notice)
        receiver.answer = it.hangs
        waiting = [asyncio.create_task(out.send(notice)) for _ in range(9)]
        # Those that are turned away say so at once; the others wait.
        done, left = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 4:
            more, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        assert {str(task.exception()) for task in done} == {
            "the endpoint is failing, and others are on their way to it"
        }
        assert len(left) == 5
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        receiver.answer = it.TAKEN
        assert (await out.send(notice)).answer == "HTTP 204"
