"""A request that is sent again is answered the same, and acts once."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.marketplace import (
    Marketplace,
    Person,
    created,
    fresh_key,
    in_days,
    ok,
    problem,
)


async def test_a_creation_is_repeated_and_not_done_again(market: Marketplace) -> None:
    client, topic = market.client(), await market.topic(market.provider())
    body = {"topic_id": topic["id"], "preferred_starts": [in_days(5)]}
    key = fresh_key()

    first = await client.post("/v1/bookings", body, key)
    again = await client.post("/v1/bookings", dict(reversed(body.items())), key)

    assert created(first) == created(again)
    assert len(ok(await client.get("/v1/bookings"))["items"]) == 1
    other = {**body, "preferred_starts": [in_days(6)]}
    problem(await client.post("/v1/bookings", other, key), 409, "key-reused")
    problem(await client.post("/v1/conversations", body, key), 422, "malformed")
    named = {"provider_id": topic["provider_id"]}
    problem(await client.post("/v1/conversations", named, key), 409, "key-reused")


async def test_a_creation_fired_many_times_at_once_is_one(market: Marketplace) -> None:
    client, topic = market.client(), await market.topic(market.provider())
    body = {"topic_id": topic["id"], "preferred_starts": [in_days(5)]}
    key = fresh_key()

    answers = await asyncio.gather(*(client.post("/v1/bookings", body, key) for _ in range(10)))

    assert len({created(answer)["id"] for answer in answers}) == 1
    assert len(ok(await client.get("/v1/bookings"))["items"]) == 1


async def test_a_command_is_repeated_and_not_done_again(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.requested(provider, client)
    path = f"/v1/bookings/{booking['id']}"
    body, key = {"start": booking["preferred_starts"][0]}, fresh_key()

    first = ok(await provider.post(f"{path}/confirm", body, key))
    ok(await provider.post(f"{path}/ask-cancel", {"reason": "Flu."}))

    assert ok(await provider.post(f"{path}/confirm", body, key)) == first
    problem(await provider.post(f"{path}/confirm", body, fresh_key()), 409, "not-pending")
    problem(await provider.post(f"{path}/decline", body, key), 422, "malformed")
    problem(await provider.post(f"{path}/decline", {"reason": "No."}, key), 409, "key-reused")


async def test_a_refusal_is_repeated_too(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.requested(provider, client)
    path = f"/v1/bookings/{booking['id']}"
    body, key = {"reason": "Flu."}, fresh_key()

    refused = problem(await provider.post(f"{path}/ask-cancel", body, key), 409, "not-confirmed")
    ok(await provider.post(f"{path}/confirm", {"start": booking["preferred_starts"][0]}))

    again = problem(await provider.post(f"{path}/ask-cancel", body, key), 409, "not-confirmed")
    assert again == refused
    ok(await provider.post(f"{path}/ask-cancel", body, fresh_key()))


async def test_a_command_fired_many_times_at_once_is_one(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.requested(provider, client)
    path = f"/v1/bookings/{booking['id']}"
    key = fresh_key()

    answers = await asyncio.gather(
        *(provider.post(f"{path}/decline", {"reason": "Flu."}, key) for _ in range(10))
    )

    assert [answer.status_code for answer in answers] == [200] * 10, answers
    entries = ok(await provider.get(f"{path}/timeline"))["items"]
    assert [entry["command"] for entry in entries] == ["request", "decline"]


async def test_two_people_may_choose_the_same_key(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.confirmed(provider, client, in_days(20))
    path = f"/v1/bookings/{booking['id']}"
    ok(await provider.post(f"{path}/ask-cancel", {"reason": "Flu."}, "1"))
    assert ok(await client.post(f"{path}/cancel", {"reason": "Yes."}, "1"))["state"] == "cancelled"


@pytest.mark.parametrize("key", [None, "given"])
async def test_a_command_id_in_the_body_does_as_a_key(market: Marketplace, key: str | None) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.requested(provider, client)
    path = f"/v1/bookings/{booking['id']}"
    body = {"reason": "Flu.", "command_id": "mine"}

    ok(await provider.post(f"{path}/decline", body, key and fresh_key()))

    # Its workflow has ended: the timeline remembers.
    assert key or ok(await provider.post(f"{path}/decline", body))["state"] == "declined"
    entry = ok(await provider.get(f"{path}/timeline"))["items"][-1]
    assert (entry["data"]["command_id"] == "mine") is (key is None)


async def test_the_longest_command_id_in_the_widest_script_is_taken(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    path = f"/v1/bookings/{(await market.requested(provider, client))['id']}"
    body = {"reason": "Flu.", "command_id": "\U0001f600" * 255}
    for _ in range(2):
        assert ok(await provider.post(f"{path}/decline", body))["state"] == "declined"


async def test_writes_beside_the_workflows_act_once_too(market: Marketplace) -> None:
    client, provider = market.client(), market.provider()
    key = fresh_key()
    named = {"provider_id": provider.id}
    begun = created(await client.post("/v1/conversations", named))
    path = f"/v1/conversations/{begun['id']}/messages"

    answers = await asyncio.gather(*(client.post(path, {"text": "Hello?"}, key) for _ in range(5)))

    assert len({created(answer)["id"] for answer in answers}) == 1
    assert len(ok(await client.get(path))["items"]) == 1


async def test_nobody_can_use_up_the_command_of_another(market: Marketplace) -> None:
    path = f"/v1/providers/{market.provider().id}/standing"
    mallory = Person(market.http, "support", "m")
    sam = Person(market.http, "support", "m.suspend.b")
    ok(await mallory.post(f"{path}/suspend", {"reason": "Mine."}, "b.reinstate.c"))
    standing = ok(await sam.post(f"{path}/reinstate", {"reason": "A mistake."}, "c"))
    assert standing["status"] == "good"
