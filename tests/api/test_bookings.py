"""A booking over HTTP, from the request to its end."""

from __future__ import annotations

import pytest

from api.models.base import Accepted
from api.models.booking import BookingModel, BookingTimeline, Preview
from tests.api.marketplace import (
    Json,
    Marketplace,
    Person,
    created,
    fields_of,
    fresh_key,
    in_days,
    ok,
    problem,
    until,
    utc,
)


async def test_a_request_is_pending_in_every_view_at_once(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    start = in_days(20)

    booking = await market.requested(provider, client, start, note="Mornings suit me.")

    BookingModel.model_validate(booking)
    assert (booking["state"], booking["revision"]) == ("pending", 1)
    assert booking["provider_id"] == provider.id
    assert booking["client_id"] == client.id
    assert [utc(each) for each in booking["preferred_starts"]] == [utc(start)]
    assert booking["allowed_actions"] == ["cancel"]
    path = f"/v1/bookings/{booking['id']}"
    assert ok(await provider.get(path))["allowed_actions"] == ["confirm", "decline"]
    [listed] = ok(await provider.get("/v1/bookings", state="pending"))["items"]
    assert listed["id"] == booking["id"]
    timeline = ok(await client.get(f"{path}/timeline"))
    BookingTimeline.model_validate(timeline)
    assert [entry["command"] for entry in timeline["items"]] == ["request"]


async def test_what_is_made_says_where_it_is_read(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()

    async def read_where_it_says(maker: Person, collection: str, body: Json) -> Json:
        answer = await maker.post(collection, body)
        made = created(answer)
        assert answer.headers["location"] == f"{collection}/{made['id']}"
        found = ok(await maker.get(answer.headers["location"]))
        assert found["id"] == made["id"]
        return made

    wanted = {"title": "Watercolours", "duration_minutes": 60}
    topic = await read_where_it_says(provider, "/v1/topics", wanted)
    request = {"topic_id": topic["id"], "preferred_starts": [in_days(20)]}
    await read_where_it_says(client, "/v1/bookings", request)
    await read_where_it_says(provider, "/v1/webhooks", {"url": "https://example.org/hook"})
    refused = await client.post("/v1/bookings", {**request, "topic_id": "nope"})
    assert "location" not in refused.headers


async def test_what_is_null_is_left_out(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    topic = await market.topic(provider, description=None, provider_id=None)
    assert topic["description"] == ""
    body = {"topic_id": topic["id"], "preferred_starts": [in_days(20)], "note": None}
    booking = created(await client.post("/v1/bookings", body))
    assert booking["note"] == ""
    declined = {"reason": "No time.", "over_scheduling": None, "at": None}
    ok(await provider.post(f"/v1/bookings/{booking['id']}/decline", declined))
    nothing = problem(
        await client.post("/v1/bookings", {**body, "topic_id": None}), 422, "malformed"
    )
    assert fields_of(nothing) == ["topic_id"]


async def test_what_a_command_did_is_read_at_once(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    start = in_days(20)
    booking = await market.requested(provider, client, start, in_days(21))
    path = f"/v1/bookings/{booking['id']}"
    steps: list[tuple[Person, str, dict[str, object], str]] = [
        (provider, "confirm", {"start": start}, "confirmed"),
        (
            provider,
            "propose-reschedule",
            {"starts": [in_days(22)], "reason": "A cold."},
            "confirmed",
        ),
        (client, "answer-reschedule", {"accept": True}, "confirmed"),
        (market.support, "reschedule-approved", {"start": in_days(22)}, "confirmed"),
        (provider, "ask-cancel", {"reason": "Still a cold."}, "confirmed"),
        (client, "cancel", {"reason": "As the provider asked."}, "cancelled"),
    ]
    for person, command, body, state in steps:
        answer = ok(await person.post(f"{path}/{command}", body))
        BookingModel.model_validate(answer)
        assert answer["state"] == state
        read = ok(await person.get(path))
        assert read["revision"] == answer["revision"]
        entries = ok(await market.support.get(f"{path}/timeline"))["items"]
        assert entries[-1]["command"] == command
        assert entries[-1]["by"] == {"role": person.role, "id": person.id}
        [listed] = ok(await provider.get("/v1/bookings"))["items"]
        assert listed["revision"] == answer["revision"]


async def test_a_refusal_is_a_conflict_with_its_code(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.requested(provider, client)
    path = f"/v1/bookings/{booking['id']}"

    problem(await provider.post(f"{path}/confirm", {"start": in_days(3)}), 409, "not-preferred")
    problem(await provider.post(f"{path}/ask-cancel", {"reason": "No."}), 409, "not-confirmed")
    problem(await provider.post(f"{path}/cancel", {"reason": "No."}), 409, "provider-cannot-cancel")
    problem(await client.post(f"{path}/decline", {"reason": "No."}), 403, "not-allowed")
    ok(await provider.post(f"{path}/decline", {"reason": "Fully booked."}))
    # By now its workflow has ended.
    problem(await client.post(f"{path}/cancel", {"reason": "No."}), 409, "already-closed")
    problem(await provider.post(f"{path}/decline", {"reason": "No."}), 409, "already-closed")


async def test_a_taken_slot_says_what_is_still_free(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    taken, free = in_days(20), in_days(21)
    await market.confirmed(provider, client, taken)
    booking = await market.requested(provider, market.client(), taken, free)

    refused = await provider.post(f"/v1/bookings/{booking['id']}/confirm", {"start": taken})

    found = problem(refused, 409, "slot-taken")
    assert [utc(each) for each in found["free_starts"]] == [utc(free)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"preferred_starts": []}, "preferred_starts"),
        ({"preferred_starts": [in_days(number) for number in range(1, 7)]}, "preferred_starts"),
        ({"preferred_starts": [in_days(1), in_days(-1)]}, "preferred_starts.1"),
        ({"preferred_starts": ["2030-01-01T10:00:00"]}, "preferred_starts.0"),
        ({"preferred_starts": [in_days(1), in_days(800)]}, "preferred_starts.1"),
        ({"preferred_starts": [1893492000]}, "preferred_starts.0"),
        ({"preferred_starts": ["9999-12-31T23:59:59-23:59"]}, "preferred_starts.0"),
        ({"preferred_starts": None}, "preferred_starts"),
        ({"topic_id": "no-such-topic"}, "topic_id"),
        ({"topic_id": "a/b"}, "topic_id"),
        ({"note": "x" * 4001}, "note"),
        ({"note": "\0"}, "note"),
        ({"client_id": "somebody-else"}, "client_id"),
    ],
)
async def test_a_malformed_request_names_the_field(
    market: Marketplace, body: dict[str, object], field: str
) -> None:
    topic = await market.topic(market.provider())
    client = market.client()

    answer = await client.post(
        "/v1/bookings",
        {"topic_id": topic["id"], "preferred_starts": [in_days(9)], **body},
        fresh_key(),
    )

    found = problem(answer, 422, "malformed")
    assert fields_of(found) == [field]
    assert "Value error" not in found["detail"]
    assert ok(await client.get("/v1/bookings"))["items"] == []


async def test_the_same_time_twice_is_malformed(market: Marketplace) -> None:
    topic = await market.topic(market.provider())
    start = in_days(9)
    body = {"topic_id": topic["id"], "preferred_starts": [start, start.replace("+00:00", "Z")]}
    answer = await market.client().post("/v1/bookings", body)
    assert fields_of(problem(answer, 422, "malformed")) == ["preferred_starts"]


async def test_staff_asks_on_a_clients_behalf(market: Marketplace) -> None:
    topic = await market.topic(market.provider())
    body = {"topic_id": topic["id"], "preferred_starts": [in_days(9)]}
    client = market.client()

    answer = await market.service.post("/v1/bookings", body)
    assert fields_of(problem(answer, 422, "malformed")) == ["client_id"]
    problem(await market.provider().post("/v1/bookings", body), 403, "not-allowed")
    booking = created(await market.service.post("/v1/bookings", {**body, "client_id": client.id}))
    assert ok(await client.get(f"/v1/bookings/{booking['id']}"))["client_id"] == client.id


async def test_only_staff_says_when_something_was_given(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.confirmed(provider, client, in_days(4))
    path = f"/v1/bookings/{booking['id']}"
    yesterday = in_days(-1)

    for body in ({"at": yesterday}, {"initiated_at": yesterday}):
        answer = await client.post(f"{path}/cancel", {"reason": "No.", **body})
        [field] = body
        assert field in problem(answer, 403, "not-allowed")["detail"]
    far = {"reason": "No.", "at": in_days(1)}
    problem(await market.service.post(f"{path}/ask-cancel", far), 409, "at-implausible")
    words = {"reason": "He told us.", "initiated_by": "provider", "initiated_at": yesterday}
    refused = await market.support.post(f"{path}/cancel", words)
    detail = problem(refused, 409, "at-implausible")["detail"]
    assert detail == "It cannot have been initiated before the booking was made."
    words["initiated_at"] = booking["created_at"]
    cancelled = ok(await market.support.post(f"{path}/cancel", words))
    assert cancelled["cancellation"]["initiated_at"] == booking["created_at"]


async def test_by_is_whoever_the_token_names(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.requested(provider, client)
    forged = {"reason": "No.", "by": {"role": "provider", "id": provider.id}}
    answer = await client.post(f"/v1/bookings/{booking['id']}/decline", forged)
    problem(answer, 403, "not-allowed")


async def test_a_preview_says_what_it_would_lead_to(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.requested(provider, client, in_days(4))
    path = f"/v1/bookings/{booking['id']}"
    action = {"action": "ask-cancel"}

    problem(await provider.get(f"{path}/preview", **action), 409, "not-confirmed")
    start = booking["preferred_starts"][0]
    ok(await provider.post(f"{path}/confirm", {"start": start}))
    found = ok(await provider.get(f"{path}/preview", **action))
    Preview.model_validate(found)
    assert (found["late"], found["would_be"], found["leads_to"]) == (True, 1, "warning")
    problem(await client.get(f"{path}/preview", **action), 403, "not-allowed")
    answer = await provider.get(f"{path}/preview", action="confirm")
    assert fields_of(problem(answer, 422, "malformed")) == ["action"]


async def test_logistics_are_the_providers_once_it_is_confirmed(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.requested(provider, client)
    path = f"/v1/bookings/{booking['id']}"
    wanted = {"conference_url": "https://meet.example/x", "materials": "Bring paper."}

    problem(await provider.put(f"{path}/logistics", wanted), 409, "not-confirmed")
    start = booking["preferred_starts"][0]
    ok(await provider.post(f"{path}/confirm", {"start": start}))
    problem(await client.put(f"{path}/logistics", wanted), 403, "not-allowed")
    for nowhere in (
        "javascript:alert(1)",
        "https://[::1",
        "https://meet.example:99999/",
        "https://?",
    ):
        answer = await provider.put(f"{path}/logistics", {"conference_url": nowhere})
        assert fields_of(problem(answer, 422, "malformed")) == ["conference_url"]
    ok(await provider.put(f"{path}/logistics", wanted))
    assert ok(await client.get(path))["logistics"] == {**wanted, "note": None}


async def test_a_mistyped_command_is_named(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.requested(provider, client)
    path = f"/v1/bookings/{booking['id']}"
    problem(await provider.post(f"{path}/confrim", {}), 404, "unknown-command")
    problem(await market.client().post(f"{path}/confrim", {}), 404, "not-found")
    standing = f"/v1/providers/{provider.id}/standing/late-event"
    problem(await market.service.post(standing, {}), 404, "unknown-command")


async def test_three_late_cancellations_open_a_case_and_proof_can_be_brought(
    market: Marketplace,
) -> None:
    provider, client = market.provider(), market.client()
    standing = f"/v1/providers/{provider.id}/standing"
    for number in range(3):
        start = in_days(1 + number)
        booking = await market.confirmed(provider, client, start)
        path = f"/v1/bookings/{booking['id']}"
        ok(await provider.post(f"{path}/ask-cancel", {"reason": "Flu."}))
        ok(await client.post(f"{path}/cancel", {"reason": "As the provider asked."}))

    async def read() -> dict[str, object]:
        return ok(await provider.get(standing))

    found = await until(read, lambda seen: seen["status"] == "case-open")
    assert found["late_cancellations"] == 3
    events = [event["id"] for event in found["events"]]
    proof = {"covers": events, "statement": "I was ill.", "documents": []}
    found = ok(await provider.post(f"{standing}/submit-proof", proof))
    assert found["status"] == "under-review"
    proof_id = found["proofs"][0]["id"]
    review = {"proof_id": proof_id, "accept": True}
    problem(await provider.post(f"{standing}/review-proof", review), 403, "not-allowed")
    assert ok(await market.support.post(f"{standing}/review-proof", review))["status"] == "good"
    entries = ok(await provider.get(f"{standing}/timeline"))["items"]
    assert [entry["command"] for entry in entries][-2:] == ["submit-proof", "review-proof"]


def test_what_was_taken_is_described() -> None:
    found = Accepted.model_json_schema()
    assert set(found["required"]) == {"code", "detail", "id"}
