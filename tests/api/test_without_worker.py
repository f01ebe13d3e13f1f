"""With no worker about, what was taken is neither lost nor done twice."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from datetime import timedelta

import pytest

from api.models.base import Accepted
from config import Settings
from db.ids import new_id
from tests.api.conftest import served, worked
from tests.api.marketplace import Marketplace, fresh_key, in_days, ok, problem, until


@pytest.fixture
def in_vain() -> Iterator[pytest.MonkeyPatch]:
    """While there is no worker, nobody waits long for one."""
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr("api.patience.ANSWER_WITHIN", timedelta(seconds=0.5))
        yield patience


async def test_commands_are_kept_and_applied_once_when_a_worker_comes(
    api_settings: Settings, in_vain: pytest.MonkeyPatch
) -> None:
    settings = api_settings.model_copy(update={"task_queue": f"unserved-{new_id()}"})
    async with served(settings) as market:
        provider, client = market.provider(), market.client()
        topic = await market.topic(provider)
        start, key = in_days(3), fresh_key()
        body = {"topic_id": topic["id"], "preferred_starts": [start]}

        answer = await client.post("/v1/bookings", body, key)
        assert answer.status_code == 202, answer.text
        booking_id = Accepted.model_validate(answer.json()).id
        path = f"/v1/bookings/{booking_id}"
        for person in (client, provider, market.support):
            assert (await person.get(path)).status_code == 202
        problem(await market.client().get(path), 404, "not-found")

        confirm, suspend = fresh_key(), fresh_key()
        # Somebody else's: suspended first, this provider's topic would not take the request.
        standing = f"/v1/providers/{market.provider().id}/standing"
        answers = await asyncio.gather(
            provider.post(f"{path}/confirm", {"start": start}, confirm),
            provider.post(f"{path}/confirm", {"start": start}, confirm),
            market.support.post(f"{standing}/suspend", {"reason": "Fraud."}, suspend),
            client.post("/v1/bookings", body, key),
        )
        assert [each.status_code for each in answers] == [202] * 4, answers
        assert answers[0].json()["code"] == "accepted"
        assert answers[3].json()["id"] == booking_id
        assert answers[3].headers["location"] == path

        in_vain.undo()
        async with worked(settings):
            await _catches_up(market, path, standing)
            # Sent once more, a command is answered with what came of it.
            again = ok(await provider.post(f"{path}/confirm", {"start": start}, confirm))
            assert again["state"] == "confirmed"
            found = ok(
                await market.support.post(f"{standing}/suspend", {"reason": "Fraud."}, suspend)
            )
            assert found["status"] == "suspended"
            repeated = await client.post("/v1/bookings", body, key)
            assert repeated.status_code == 201
            assert repeated.json()["id"] == booking_id
        entries = ok(await provider.get(f"{path}/timeline"))["items"]
        assert [entry["command"] for entry in entries] == ["request", "confirm"]
        assert entries[1]["given_at"] < entries[1]["handled_at"]
        entries = ok(await market.support.get(f"{standing}/timeline"))["items"]
        assert [entry["command"] for entry in entries] == ["suspend"]


async def test_that_no_worker_has_answered_is_no_error_of_ours(
    api_settings: Settings, in_vain: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    del in_vain
    # What other tests have left is theirs.
    gc.collect()
    caplog.clear()
    settings = api_settings.model_copy(update={"task_queue": f"unserved-{new_id()}"})
    async with served(settings) as market:
        standing = f"/v1/providers/{market.provider().id}/standing"
        answer = await market.support.post(f"{standing}/suspend", {"reason": "Fraud."})
        assert answer.status_code == 202, answer.text
    # What a lost error would be logged by is the end of what holds it.
    gc.collect()
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []


async def test_a_topic_that_is_gone_when_a_worker_comes_takes_no_request(
    api_settings: Settings, in_vain: pytest.MonkeyPatch
) -> None:
    del in_vain
    settings = api_settings.model_copy(update={"task_queue": f"unserved-{new_id()}"})
    async with served(settings) as market:
        provider, client = market.provider(), market.client()
        topic = await market.topic(provider)
        body, key = {"topic_id": topic["id"], "preferred_starts": [in_days(3)]}, fresh_key()
        answer = await client.post("/v1/bookings", body, key)
        path = f"/v1/bookings/{Accepted.model_validate(answer.json()).id}"
        ok(await provider.patch(f"/v1/topics/{topic['id']}", {"status": "paused"}))

        # Nor for a request that will never be on record.
        async with worked(settings):
            found = await until(lambda: client.get(path), lambda seen: seen.status_code != 202)
            problem(found, 409, "topic-not-listed")
            problem(await client.post("/v1/bookings", body, key), 409, "topic-not-listed")
            withdrawn = await client.post(f"{path}/cancel", {"reason": "Never mind."})
            problem(withdrawn, 409, "topic-not-listed")


async def _catches_up(market: Marketplace, path: str, standing: str) -> None:
    async def looked() -> tuple[str | None, str]:
        booking = (await market.support.get(path)).json()
        return booking.get("state"), ok(await market.support.get(standing))["status"]

    await until(looked, lambda seen: seen == ("confirmed", "suspended"))
