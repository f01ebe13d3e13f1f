"""Who may see and do what: nobody learns that somebody else's things exist."""

from __future__ import annotations

import pytest

from tests.api.marketplace import Json, Marketplace, Person, fresh_key, ok, problem


@pytest.fixture(scope="module")
async def parties(market: Marketplace) -> dict[str, Person]:
    """A booking's own parties, a stranger in each of their roles, and the staff."""
    return {
        "provider": market.provider(),
        "client": market.client(),
        "other provider": market.provider(),
        "other client": market.client(),
        "support": market.support,
        "service": market.service,
    }


@pytest.fixture(scope="module")
async def booking(market: Marketplace, parties: dict[str, Person]) -> Json:
    """A pending booking of the two parties."""
    return await market.requested(parties["provider"], parties["client"])


STRANGERS = ("other provider", "other client")
READS = {"": 200, "/timeline": 200, "/preview?action=ask-cancel": 409}


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("who", ["provider", "support", "service"])
async def test_those_it_concerns_can_read(
    parties: dict[str, Person], booking: Json, who: str, path: str
) -> None:
    answer = await parties[who].get(f"/v1/bookings/{booking['id']}{path}")
    assert answer.status_code == READS[path]


@pytest.mark.parametrize("who", STRANGERS)
async def test_to_strangers_a_booking_does_not_exist(
    parties: dict[str, Person], booking: Json, who: str
) -> None:
    stranger, path = parties[who], f"/v1/bookings/{booking['id']}"
    for read in READS:
        problem(await stranger.get(f"{path}{read}"), 404, "not-found")
    # Not even by what is wrong with the request.
    for write in ("confirm", "cancel", "reschedule-approved"):
        problem(await stranger.post(f"{path}/{write}", {"start": 5}), 404, "not-found")
    problem(await stranger.put(f"{path}/logistics", {"note": 5}), 404, "not-found")
    for filters in ({}, {"provider_id": booking["provider_id"]}):
        assert ok(await stranger.get("/v1/bookings", **filters))["items"] == []


@pytest.mark.parametrize(
    ("who", "command", "body"),
    [
        ("client", "confirm", {"start": "2030-01-01T00:00:00Z"}),
        ("client", "ask-cancel", {"reason": "No."}),
        ("client", "reschedule-approved", {"start": "2030-01-01T00:00:00Z"}),
        ("provider", "answer-reschedule", {"accept": True}),
        ("provider", "reschedule-approved", {"start": "2030-01-01T00:00:00Z"}),
        ("support", "confirm", {"start": "2030-01-01T00:00:00Z"}),
        ("support", "answer-reschedule", {"accept": True}),
    ],
)
async def test_a_command_of_another_role_is_not_allowed(
    parties: dict[str, Person], booking: Json, who: str, command: str, body: Json
) -> None:
    body = {**body, "start": booking["preferred_starts"][0]} if "start" in body else body
    answer = await parties[who].post(f"/v1/bookings/{booking['id']}/{command}", body)
    problem(answer, 403, "not-allowed")


@pytest.mark.parametrize("who", ["client", *STRANGERS])
async def test_a_standing_is_its_providers_own(parties: dict[str, Person], who: str) -> None:
    path = f"/v1/providers/{parties['provider'].id}/standing"
    for read in ("", "/timeline"):
        problem(await parties[who].get(f"{path}{read}"), 404, "not-found")
    problem(await parties[who].post(f"{path}/suspend", {}), 404, "not-found")


async def test_a_standing_is_good_until_something_is_known(parties: dict[str, Person]) -> None:
    provider = parties["provider"]
    for who in ("provider", "support", "service"):
        found = ok(await parties[who].get(f"/v1/providers/{provider.id}/standing"))
        assert (found["provider_id"], found["status"]) == (provider.id, "good")


async def test_the_feed_is_for_services_and_support(parties: dict[str, Person]) -> None:
    for who, person in parties.items():
        answer = await person.get("/v1/events")
        assert answer.status_code == (200 if who in ("support", "service") else 403)


async def test_a_key_is_its_owners_own(market: Marketplace) -> None:
    key, one, other = fresh_key(), market.provider(), market.provider()
    body = {"title": "Oils", "duration_minutes": 30}
    first = await one.post("/v1/topics", body, key)
    second = await other.post("/v1/topics", body, key)
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("id_", ["%00", "x" * 65, "%F0%9F%98%80", "a b", "'"])
async def test_what_cannot_be_an_id_is_not_found(market: Marketplace, id_: str) -> None:
    for path in (
        f"/v1/bookings/{id_}",
        f"/v1/topics/{id_}",
        f"/v1/providers/{id_}/standing",
    ):
        problem(await market.support.get(path), 404, "not-found")
    problem(await market.support.get(f"/v1/conversations/{id_}/messages"), 404, "not-found")


async def test_what_stands_where_an_id_should_is_not_in_the_log(
    market: Marketplace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "api.telemetry")
    for booking_id in ("Zanzibar Quince", "booking-1"):
        await market.http.get(f"/v1/bookings/{booking_id}")
    told = [vars(each) for each in caplog.records if each.name == "api.telemetry"]
    assert [each["booking_id"] for each in told] == [None, "booking-1"]
