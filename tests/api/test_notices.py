"""How somebody is told: their own choice, and what services know of them."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.marketplace import Json, Marketplace, Person, fields_of, fresh_key, ok, problem

_BINDING = {"confirmations": ["inbox"], "cancellations": ["inbox"], "suspensions": ["inbox"]}


def path(who: Person) -> str:
    """Where it is said how somebody is told."""
    return f"/v1/people/{who.role}/{who.id}/notices"


async def test_everything_is_on_until_somebody_says_otherwise(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()

    found = ok(await provider.get(path(provider)))

    assert found["channels"].pop("other") == ["inbox", "email"]
    assert set(found["channels"]) == {
        "confirmations",
        "cancellations",
        "suspensions",
        "requests",
        "changes",
        "reminders",
        "standing",
    }
    assert all(by == ["inbox", "email"] for by in found["channels"].values())
    assert (found["email"], found["email_source"], found["time_zone"]) == (None, None, None)
    assert "suspensions" not in ok(await client.get(path(client)))["channels"]


async def test_what_is_left_out_stays_as_it_is(market: Marketplace) -> None:
    client = market.client()
    first: Json = {"email": "carl@example.org", "time_zone": "Asia/Tokyo"}
    changed = ok(await client.put(path(client), {**first, "channels": {"reminders": ["inbox"]}}))
    assert changed["channels"]["reminders"] == ["inbox"]
    assert (changed["email"], changed["email_source"]) == ("carl@example.org", "person")

    changed = ok(await client.put(path(client), {"channels": {"requests": []}}))

    assert changed == ok(await client.get(path(client)))
    assert changed["channels"]["requests"] == changed["channels"]["reminders"] == ["inbox"]
    assert (changed["email"], changed["time_zone"]) == ("carl@example.org", "Asia/Tokyo")
    assert ok(await client.put(path(client), {"email": None}))["email"] is None


async def test_what_is_chosen_at_the_same_time_is_all_kept(market: Marketplace) -> None:
    client = market.client()
    groups = ("requests", "changes", "reminders", "other")
    answers = await asyncio.gather(
        *(client.put(path(client), {"channels": {group: ["inbox"]}}) for group in groups)
    )
    for answer in answers:
        ok(answer)
    found = ok(await client.get(path(client)))["channels"]
    assert {group: found[group] for group in groups} == {group: ["inbox"] for group in groups}


async def test_what_binds_somebody_cannot_all_be_off(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()

    refused = await provider.put(path(provider), {"channels": _BINDING})
    assert problem(refused, 409, "transactional-off")
    for_a_client = {name: by for name, by in _BINDING.items() if name != "suspensions"}
    assert problem(
        await client.put(path(client), {"channels": for_a_client}), 409, "transactional-off"
    )
    assert all(
        by == ["inbox", "email"] for by in ok(await client.get(path(client)))["channels"].values()
    )

    ok(await provider.put(path(provider), {"channels": for_a_client}))
    last = await provider.put(path(provider), {"channels": {"suspensions": []}})
    assert problem(last, 409, "transactional-off"), "one after the other is no way round it"


async def test_services_and_support_know_where_people_are(market: Marketplace) -> None:
    provider = market.provider()

    told = ok(await market.service.put(path(provider), {"email": "ada@example.org"}))

    assert told["email_source"] == "service"
    assert ok(await market.support.get(path(provider)))["email"] == "ada@example.org"
    desk = "/v1/people/support/support/notices"
    assert set(ok(await market.support.get(desk))["channels"]) == {"changes", "standing", "other"}
    ok(await market.support.put(desk, {"channels": {"standing": [], "changes": [], "other": []}}))


async def test_it_is_nobody_elses_business(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()

    for who, there in (
        (client, path(provider)),
        (market.provider(), path(provider)),
        (client, "/v1/people/support/support/notices"),
        (market.support, "/v1/people/support/sam/notices"),
        (market.service, "/v1/people/provider/not%20an%20id/notices"),
    ):
        assert problem(await who.get(there), 404, "not-found")
        assert problem(await who.put(there, {}), 404, "not-found")
    nobody = await market.service.get("/v1/people/clock/clock/notices")
    assert fields_of(problem(nobody, 422, "malformed")) == ["role"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "ada"}, "email"),
        ({"email": "Ada <ada@example.org>"}, "email"),
        ({"email": "ada@example.org\nBcc: bob@example.org"}, "email"),
        ({"email": "a@example.org, b@example.org"}, "email"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"channels": {"suspensions": ["email"]}}, "channels.suspensions"),
        ({"channels": {"reminders": ["pigeon"]}}, "channels.reminders.0"),
        ({"channels": {"reminders": "email"}}, "channels.reminders"),
    ],
)
async def test_what_is_malformed_is_named(market: Marketplace, body: Json, field: str) -> None:
    client = market.client()

    assert fields_of(problem(await client.put(path(client), body), 422, "malformed")) == [field]


async def test_the_same_request_again_is_answered_the_same(market: Marketplace) -> None:
    client, key = market.client(), fresh_key()
    body: Json = {"channels": {"reminders": []}}

    first = await client.put(path(client), body, key)
    ok(await client.put(path(client), {"channels": {"reminders": ["email"]}}))

    assert (await client.put(path(client), body, key)).json() == first.json()
    assert ok(await client.get(path(client)))["channels"]["reminders"] == ["inbox", "email"]
    other: Json = {"channels": {"requests": []}}
    assert problem(await client.put(path(client), other, key), 409, "key-reused")
