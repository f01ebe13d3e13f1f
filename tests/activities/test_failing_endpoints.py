"""Endpoints that do not take what they are sent: they are asked again, and in the end no more."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.delivering import (
    NotDeliveredError,
    TurnedAwayError,
    UndeliverableError,
)
from db.schema import notices
from db.stores.webhooks import delete_webhook, enable_webhook, update_webhook
from domain.notices.endpoint import DISABLED_AFTER
from domain.party import Party
from tests.activities import receiver as it
from tests.activities.endpoints import ADA, found, ledger, now, outgoing, outlet
from tests.activities.receiver import Receiver, receiving, says
from tests.db.endpoints import BILLING, endpoint
from tests.db.player import requested

HOUR = timedelta(hours=1)


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
    of_it = await ledger(
        engine, notices.c.state, notices.c.reason, notices.c.answer, webhook_id=webhook_id
    )
    assert of_it == [
        ("failed", "endpoint disabled", None),
        ("failed", "endpoint disabled", "HTTP 500"),
    ]
    inbox = await ledger(
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


@pytest.mark.parametrize("answer", [says("410 Gone"), says("500 Oh No")], ids=["410", "500"])
async def test_what_the_old_url_answers_late_is_not_held_against_the_new_one(
    engine: AsyncEngine, receiver: Receiver, answer: it.Answer
) -> None:
    webhook_id = await endpoint(engine, url=receiver.url)
    await requested(engine)

    async def answers_late(writer: asyncio.StreamWriter) -> None:
        async with engine.begin() as conn:
            await update_webhook(conn, webhook_id, url="https://other.example.org/", now=now())
        await answer(writer)

    receiver.answer = answers_late
    with pytest.raises(NotDeliveredError):
        await outlet(engine).send(await outgoing(engine, webhook_id))
    row = await found(engine, webhook_id)
    assert (row.failing_since, row.disabled_at) == (None, None)


async def test_nobody_is_told_of_an_endpoint_that_they_have_just_deleted(
    engine: AsyncEngine, receiver: Receiver
) -> None:
    webhook_id = await endpoint(engine, url=receiver.url, owner=ADA)
    await requested(engine)

    async def is_gone(writer: asyncio.StreamWriter) -> None:
        async with engine.begin() as conn:
            await delete_webhook(conn, webhook_id, now=now())
        await says("410 Gone")(writer)

    receiver.answer = is_gone
    with pytest.raises(NotDeliveredError):
        await outlet(engine).send(await outgoing(engine, webhook_id))
    assert await ledger(engine, notices.c.id, kind="webhook.disabled") == []
    assert await ledger(engine, notices.c.reason, webhook_id=webhook_id) == [("endpoint deleted",)]


async def test_another_url_has_not_failed_yet(engine: AsyncEngine, receiver: Receiver) -> None:
    webhook_id = await endpoint(engine, url="http://127.0.0.1:1/")
    await requested(engine)
    notice = await outgoing(engine, webhook_id)
    with pytest.raises(NotDeliveredError, match="cannot be connected to"):
        await outlet(engine).send(notice)
    since = (await found(engine, webhook_id)).failing_since
    assert since is not None
    async with engine.begin() as conn:
        # As a form sends it in which something else was changed.
        await update_webhook(
            conn, webhook_id, url="http://127.0.0.1:1/", description="Billing", now=now()
        )
    assert (await found(engine, webhook_id)).failing_since == since
    async with engine.begin() as conn:
        await update_webhook(conn, webhook_id, url=receiver.url, now=now())
    assert (await found(engine, webhook_id)).failing_since is None
    await outlet(engine).send(notice)
    assert len(receiver.received) == 1


async def test_few_wait_for_all_the_endpoints_of_one_provider(engine: AsyncEngine) -> None:
    async with receiving(it.hangs) as receiver, receiving() as services:
        ids = [await endpoint(engine, url=receiver.url, owner=ADA) for _ in range(3)]
        another = await endpoint(engine, url=services.url)
        await requested(engine)
        out = outlet(engine)
        theirs = [await outgoing(engine, each) for each in ids]
        left = {asyncio.create_task(out.send(notice)) for notice in theirs * 6}
        while len(left) > 15:
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                turned_away = task.exception()
                assert isinstance(turned_away, TurnedAwayError)
                assert "same provider" in str(turned_away)
                assert timedelta(seconds=5) <= turned_away.wait <= timedelta(seconds=15)
        assert (await out.send(await outgoing(engine, another))).answer == "HTTP 204"
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        receiver.answer = it.TAKEN
        assert (await out.send(theirs[0])).answer == "HTTP 204"


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
