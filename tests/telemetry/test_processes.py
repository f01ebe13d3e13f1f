"""What two real processes tell their operators: one trace, one request id, and nobody's words."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.api.marketplace import created, in_days, ok, problem, token
from tests.telemetry.conftest import Observed, until
from tests.telemetry.receiver import Span

pytestmark = pytest.mark.long

TELLING = "Zanzibar-Quince"
"""Stands in every text and name that people give; it must not be in any log."""

REQUEST = "req-of-the-confirmation"

A_TOKEN = re.compile("eyJhbGciOi|eyJzdWIiOi")
"""How the header of a token begins, and how its claims do. The first three letters alone stand in
what is made at random too, now and then."""


@pytest.fixture(scope="module")
async def booking(observed: Observed) -> dict[str, Any]:
    """A booking full of telling texts, made with telling requests; confirmed by `REQUEST`."""
    market = observed.market
    provider, client = market.provider(), market.client()
    topic = await market.topic(provider, title=f"{TELLING} title", description=f"{TELLING} it is")
    start = in_days(3)
    body = {"topic_id": topic["id"], "preferred_starts": [start], "note": f"{TELLING} note"}
    asked = created(await client.post("/v1/bookings", body))
    path = f"/v1/bookings/{asked['id']}"
    problem(await provider.post(f"{path}/confirm", {"start": TELLING}), 422, "malformed")
    problem(await provider.post(f"{path}/cancel", {"reason": TELLING}), 409, _CANNOT)
    headers = {
        "Authorization": f"Bearer {token('provider', provider.id, name=TELLING)}",
        "X-Request-Id": REQUEST,
    }
    answer = await market.http.post(f"{path}/confirm", headers=headers, json={"start": start})
    assert answer.headers["x-request-id"] == REQUEST
    booking = ok(answer)
    chat = ok(await client.post("/v1/conversations", {"provider_id": provider.id}))
    messages = f"/v1/conversations/{chat['id']}/messages"
    created(await client.post(messages, {"text": f"{TELLING} says hello"}))
    ok(await provider.put(f"{path}/logistics", {"note": f"{TELLING} materials"}))
    ok(await client.get("/v1/topics", q=TELLING))
    ok(await provider.post(f"{path}/ask-cancel", {"reason": f"{TELLING} is ill"}))
    ok(await client.post(f"{path}/cancel", {"reason": f"{TELLING} asked me"}))
    await market.http.get("/v1/bookings", headers={"Authorization": f"Bearer {TELLING}"})
    await market.http.post("/sign-in", data={"name": TELLING, "email": f"{TELLING}@example.org"})
    return booking


_CANNOT = "provider-cannot-cancel"


async def test_a_request_is_one_trace_from_http_to_sql(
    observed: Observed, booking: dict[str, Any]
) -> None:
    del booking

    async def chain() -> list[Span]:
        spans = {span.id: span for span in observed.receiver.spans}
        statements = [span for span in spans.values() if span.attributes.get("db.system")]
        chains = [_up(statement, spans) for statement in statements]
        return next((found for found in chains if _is_of_the_confirmation(found)), [])

    found = await until(chain, bool)
    assert len({span.trace for span in found}) == 1
    assert [span.name for span in reversed(found)][:6] == [
        "POST /v1/bookings/{booking_id}/confirm",
        "StartWorkflowUpdate:confirm",
        "HandleUpdate:confirm",
        "StartActivity:record-booking",
        "RunActivity:record-booking",
        found[0].name,
    ]
    assert {span.service for span in found} == {"keepdate-api", "keepdate-worker"}


def _up(span: Span, spans: dict[str, Span]) -> list[Span]:
    """A span, and all those that it is a part of, up to the first."""
    found = [span]
    while found[-1].parent in spans:
        found.append(spans[found[-1].parent])
    return found


def _is_of_the_confirmation(chain: list[Span]) -> bool:
    names = [span.name for span in chain]
    return names[-1].endswith("/confirm") and "RunActivity:record-booking" in names


async def test_a_trace_shows_no_values(observed: Observed, booking: dict[str, Any]) -> None:
    del booking
    assert observed.receiver.spans
    assert not [span for span in observed.receiver.spans if TELLING in json.dumps(span.attributes)]


async def test_a_request_id_is_on_the_lines_of_both_processes(
    observed: Observed, booking: dict[str, Any]
) -> None:
    for process, event in (("api", "request answered"), ("worker", "activity done")):
        lines = [json.loads(line) for line in observed.lines(process)]
        ours = [line for line in lines if line.get("request_id") == REQUEST]
        assert {(line["event"], line["booking_id"]) for line in ours if line["event"] == event} == {
            (event, booking["id"])
        }


async def test_every_line_is_json_and_holds_nobodys_words(
    observed: Observed, booking: dict[str, Any]
) -> None:
    del booking
    for process in ("api", "worker"):
        lines = observed.lines(process)
        assert lines
        for line in lines:
            assert {"event", "level", "logger", "timestamp"} <= json.loads(line).keys(), line
            assert TELLING not in line
            assert not A_TOKEN.search(line)
