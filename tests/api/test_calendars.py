"""Invites to download, and calendars at private addresses."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import httpx
import icalendar
import pytest

from notices import invite
from tests.api.marketplace import Json, Marketplace, created, in_days, ok, problem, until

PATIENCE_SECONDS = 60


def read(response: httpx.Response) -> list[Any]:
    """The events of a calendar that was answered."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/calendar")
    return list(icalendar.Calendar.from_ical(response.content).walk("VEVENT"))


def starts(booking: Json) -> datetime:
    return datetime.fromisoformat(booking["scheduled_start"])


async def test_an_invite_follows_the_session(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.confirmed(provider, client, in_days(20))
    path = f"/v1/bookings/{booking['id']}"
    logistics = {"conference_url": "https://meet.example.org/7", "materials": "A pencil."}
    ok(await provider.put(f"{path}/logistics", logistics))

    (first,) = read(await client.get(f"{path}/invite.ics"))
    assert first.decoded("dtstart") == starts(booking)
    assert first["location"] == "https://meet.example.org/7"
    assert "A pencil." in first["description"]
    assert provider.id in first["summary"]
    (other,) = read(await provider.get(f"{path}/invite.ics"))
    assert other["uid"] == first["uid"]
    assert client.id in other["summary"]

    amendment = {"start": in_days(25), "initiated_by": "client"}
    moved = ok(await market.support.post(f"{path}/reschedule-approved", amendment))
    (second,) = read(await client.get(f"{path}/invite.ics"))
    assert second["uid"] == first["uid"]
    assert second["sequence"] > first["sequence"]
    assert second.decoded("dtstart") == starts(moved)

    ok(await client.post(f"{path}/cancel", {"reason": "Ill."}))
    answer = await client.get(f"{path}/invite.ics")
    assert "method=CANCEL" in answer.headers["content-type"]
    (last,) = read(answer)
    assert last["status"] == "CANCELLED"
    assert last["sequence"] > second["sequence"]


async def test_an_invite_is_for_the_people_of_a_booking_with_a_date(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    pending = await market.requested(provider, client)
    path = f"/v1/bookings/{pending['id']}/invite.ics"
    problem(await client.get(path), 409, "not-confirmed")
    problem(await market.client().get(path), 404, "not-found")
    problem(await market.provider().get(path), 404, "not-found")
    problem(await market.http.get(path), 401, "unauthenticated")


async def test_a_calendar_is_read_at_its_newest_address_alone(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.confirmed(provider, client, in_days(20))
    await market.requested(provider, client, in_days(30))
    assert ok(await client.get("/v1/calendar")) == {"opened_at": None}

    old = urlsplit(created(await client.post("/v1/calendar"))["url"]).path
    new = urlsplit(created(await client.post("/v1/calendar"))["url"]).path
    assert ok(await client.get("/v1/calendar"))["opened_at"]
    problem(await market.http.get(old), 404, "not-found")

    answer = await market.http.get(new)
    assert [event["uid"] for event in read(answer)] == [f"{booking['id']}@keepdate"]
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}", f'"older", W/{tag}'):
        unchanged = await market.http.get(new, headers={"If-None-Match": known})
        assert unchanged.status_code == 304, known
    ok(await client.post(f"/v1/bookings/{booking['id']}/cancel", {"reason": "Ill."}))
    assert read(await market.http.get(new, headers={"If-None-Match": tag})) == []

    gone = await client.delete("/v1/calendar")
    assert gone.status_code == 204
    problem(await market.http.get(new), 404, "not-found")


async def test_only_those_who_meet_have_a_calendar(market: Marketplace) -> None:
    for caller in (market.support, market.service):
        problem(await caller.post("/v1/calendar"), 403, "not-allowed")
        problem(await caller.get("/v1/calendar"), 403, "not-allowed")


async def test_a_long_calendar_keeps_nobody_else_waiting(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = Event(), Event()

    def calendar_of(*_: object, **__: object) -> bytes:
        begun.set()
        return b"all of it" if goes_on.wait(PATIENCE_SECONDS) else b""

    monkeypatch.setattr(invite, "calendar_of", calendar_of)
    url = created(await market.client().post("/v1/calendar"))["url"]

    async def has_begun() -> bool:
        return begun.is_set()

    loop = asyncio.get_running_loop()
    # As when all threads but one are busy, with other calendars say.
    loop.set_default_executor(ThreadPoolExecutor(1))
    reading = asyncio.create_task(market.http.get(urlsplit(url).path))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS / 2):
            await until(has_begun, bool)
            assert (await market.http.get("/healthz")).status_code == 200
            # What connects to anything looks up a name before, in those threads.
            assert await loop.getaddrinfo("localhost", 80)
    finally:
        goes_on.set()
        loop.set_default_executor(ThreadPoolExecutor())
    assert (await reading).content == b"all of it"
