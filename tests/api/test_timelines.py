"""Timelines: read in pages, and foretold by previews."""

from __future__ import annotations

from tests.api.marketplace import Json, Marketplace, Person, in_days, ok, problem, until


async def test_a_timeline_is_read_in_pages(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.confirmed(provider, client, in_days(3))
    path = f"/v1/bookings/{booking['id']}/timeline"

    whole = ok(await client.get(path))
    assert [entry["command"] for entry in whole["items"]] == ["request", "confirm"]
    assert (whole["next"], whole["refused"]) == (None, 0)

    first = ok(await client.get(path, limit=1))
    assert first["items"] == whole["items"][:1]
    rest = ok(await client.get(path, limit=1, after=first["next"]))
    assert rest["items"] == whole["items"][1:]
    assert rest["next"] is None
    assert ok(await client.get(path, after=first["items"][0]["seq"])) == rest
    problem(await client.get(path, after="@"), 422, "malformed")


async def test_a_timeline_shows_whom_it_was_told(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.confirmed(provider, client, in_days(3))
    path = f"/v1/bookings/{booking['id']}/timeline"

    async def told(person: Person) -> list[tuple[str, str, str]]:
        found = ok(await person.get(path, limit=1))["notices"]
        assert all(each["ended_at"] and each["channel"] == "inbox" for each in found)
        return [(each["kind"], each["to"]["role"], each["state"]) for each in found]

    confirmed = ("booking.confirmed", "client", "sent")
    own = ("booking.confirmed", "provider", "sent")
    requested = ("booking.requested", "provider", "sent")
    past = ("late-window-opens", "provider", "skipped")
    assert await told(client) == [confirmed]
    # The reminder is skipped by a decision of its own, after that on the confirmation.
    to_provider = await until(lambda: told(provider), lambda notices: past in notices)
    assert [it for it in to_provider if it[2] == "sent"] == [requested, own]
    everything = await told(market.support)
    assert {confirmed, own, requested, past} <= set(everything)
    assert await told(market.service) == everything


async def test_a_late_event_carries_its_receipt_in_the_timeline_of_the_standing(
    market: Marketplace,
) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.confirmed(provider, client, in_days(3))
    path = f"/v1/bookings/{booking['id']}"
    proposal = {"starts": [in_days(9)], "reason": "A funeral."}
    ok(await provider.post(f"{path}/propose-reschedule", proposal))

    async def looked() -> Json:
        found = await provider.get(f"/v1/providers/{provider.id}/standing/timeline")
        items: Json = ok(found)["items"]
        return items

    items = await until(looked, bool)
    receipt = items[0]["data"]["receipt"]
    assert receipt["late"]
    assert receipt["kind"] == "reschedule"
    assert 0 < receipt["margin_seconds"] < receipt["late_within_seconds"]

    # What was counted as a late proposal is not foretold to count again as a cancellation.
    preview = ok(await provider.get(f"{path}/preview", action="ask-cancel"))
    assert preview["late"]
    assert preview["leads_to"] == "nothing"
    again = await provider.get(f"{path}/preview", action="propose-reschedule")
    problem(again, 409, "already-proposed")
