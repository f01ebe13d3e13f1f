"""Endpoints of webhooks, as providers and support keep them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.ids import new_id
from db.recording.webhook_health import Failure, disable
from db.schema import events, notices
from tests.portal.conftest import Meet
from tests.portal.lateness import SCRIPT
from tests.portal.visitor import Visitor, words

PAGE = "/webhooks"
URL = "https://hooks.example.org/keepdate"
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture
async def ada(meet: Meet) -> Visitor:
    """A provider who has no endpoint yet."""
    return await meet("provider", name="Ada Lovelace")


async def added(visitor: Visitor, url: str = URL, **written: str) -> tuple[str, httpx.Response]:
    """The path of a new endpoint, and the page that follows."""
    answer = await visitor.send(await visitor.get(PAGE), PAGE, url=url, **written)
    assert answer.status_code == 200, words(answer)
    found = re.search(r'action="(/webhooks/[^/"]+)"', answer.text)
    assert found
    return found[1], answer


async def test_an_endpoint_is_added_and_its_secret_is_shown_once(ada: Visitor) -> None:
    assert 'href="/webhooks"' in (await ada.get("/settings")).text
    assert "No endpoints yet" in words(await ada.get(PAGE))
    path, answer = await added(ada, description=f"Ours {SCRIPT}", types="booking.confirmed")
    assert len(_SECRET.findall(answer.text)) == 1
    assert answer.headers["cache-control"] == "no-store"
    for page in (await ada.get(PAGE), await ada.get(path)):
        assert URL in words(page)
        assert SCRIPT not in page.text
        assert not _SECRET.search(page.text)
    assert "Nothing yet" in words(await ada.get(path))


async def test_a_notice_of_an_endpoint_that_is_disabled_leads_to_it(ada: Visitor) -> None:
    path, _ = await added(ada)
    failure = Failure(
        webhook_id=path.rpartition("/")[2],
        url=URL,
        delivery_id="none",
        at=datetime.now(UTC),
        answer="410 Gone",
    )
    async with ada.parts.engine.begin() as conn:
        await disable(conn, failure, reason="It answered 410 Gone.", mail=False)
    page = await ada.get("/notices")
    assert f"Nothing is sent to {URL} any more. It answered 410 Gone." in words(page)
    assert f'href="{path}"' in page.text
    await ada.send(await ada.get(path), f"{path}/delete")
    assert f'href="{path}"' not in (await ada.get("/notices")).text


@pytest.mark.parametrize(
    ("url", "told"),
    [("", "has to be given"), ("https://10.0.0.1/", "not a public address")],
)
async def test_what_cannot_be_an_endpoint_is_told_at_its_field(
    ada: Visitor, url: str, told: str
) -> None:
    answer = await ada.send(await ada.get(PAGE), PAGE, url=url, description="Kept")
    assert answer.status_code == 422
    assert told in words(answer)
    assert 'value="Kept"' in answer.text


async def test_who_presses_twice_deletes_an_endpoint_and_is_told_once(ada: Visitor) -> None:
    path, page = await added(ada)
    for _ in range(2):
        answer = await ada.send(page, f"{path}/delete")
        assert answer.headers["location"] == PAGE
    assert words(await ada.get(PAGE)).count(f"{URL} is told of nothing any more.") == 1


async def test_an_endpoint_is_changed_disabled_enabled_and_deleted(ada: Visitor) -> None:
    path, _ = await added(ada)

    async def do(action: str, **written: str) -> str:
        answer = await ada.send(await ada.get(path), action, **written)
        assert answer.status_code == 303, words(answer)
        return words(await ada.get(answer.headers["location"]))

    assert f"{URL}/2" in await do(path, url=f"{URL}/2")
    assert "Its owner has disabled it." in await do(f"{path}/disable")
    assert "Its owner has disabled it." not in await do(f"{path}/enable")
    replaced = await ada.send(await ada.get(path), f"{path}/secret")
    assert len(_SECRET.findall(replaced.text)) == 1
    assert "No endpoints yet" in await do(f"{path}/delete")
    assert (await ada.get(path)).status_code == 404


async def test_what_was_sent_is_listed_and_can_be_sent_again(ada: Visitor) -> None:
    path, _ = await added(ada)
    delivery_id = new_id()
    async with ada.parts.engine.begin() as conn:
        event_id = await conn.scalar(
            insert(events)
            .values(
                subject="standing",
                subject_id=ada.id,
                type="standing.warned",
                occurred_at="2026-03-02T09:00:00Z",
                provider_id=ada.id,
                data={},
            )
            .returning(events.c.id)
        )
        row = {
            "id": delivery_id,
            "recipient_role": "provider",
            "recipient_id": ada.id,
            "kind": "standing.warned",
            "channel": "webhook",
            "provider_id": ada.id,
            "due_at": "2026-03-02T09:00:00Z",
            "state": "failed",
            "answer": f"HTTP 500: {SCRIPT}",
            "event_id": event_id,
            "webhook_id": path.rpartition("/")[2],
            "source": f"test/{delivery_id}",
        }
        await conn.execute(insert(notices).values(row))
    page = await ada.get(path)
    assert "HTTP 500" in words(page)
    assert SCRIPT not in page.text
    answer = await ada.send(page, f"{path}/deliveries/{delivery_id}/redeliver")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    async with ada.parts.engine.connect() as conn:
        state = await conn.scalar(select(notices.c.reason).where(notices.c.id == delivery_id))
    assert state is None
    assert "It is sent once more." in words(await ada.get(path))
    # So that nobody goes on trying in vain.
    await ada.send(await ada.get(path), f"{path}/delete")


async def test_others_do_not_see_an_endpoint_but_support_does(ada: Visitor, meet: Meet) -> None:
    path, _ = await added(ada)
    stranger, client, support = [await meet(role) for role in ("provider", "client", "support")]
    for who in (stranger, client):
        assert (await who.get(path)).status_code == 404
    assert (await client.get(PAGE)).status_code == 404
    assert 'href="/webhooks"' not in (await client.get("/settings")).text
    page = await support.get(path)
    assert f"Of provider {ada.id}." in words(page)
    assert f"{path}/secret" not in page.text
