"""The description at `/openapi.json` is kept: no server error, no undocumented answer."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from config import Settings
from tests.api.apart import apart
from tests.api.marketplace import Marketplace, created, in_days, token
from tests.api.permissions import ENDLESS
from tests.listening import listening

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

# Enough to see that what is described is answered so; the rest of what can be made up takes longer.
EXAMPLES = pytest.mark.parametrize("examples", [2, pytest.param(12, marks=pytest.mark.long)])


def explored(address: str, known: dict[str, str], examples: int) -> list[str]:
    """Tries every operation with what its description allows, and with what it does not."""
    tried = []
    whole = schemathesis.openapi.from_url(f"{address}/openapi.json")
    schema = whole.exclude(name=ENDLESS)
    tokens = [
        token(role, known.get(f"{role}_id", "explorer"))
        for role in ("service", "provider", "client")
    ]
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]
        _try(operation, tokens, known, examples)
        tried.append(operation.label)
    return tried


def _try(operation: Any, tokens: list[str], known: dict[str, str], examples: int) -> None:

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def once(case: Any) -> None:
        # Beyond what does not exist, which is soon explored.
        for name in case.path_parameters or {}:
            case.path_parameters[name] = known[name]
        # To make a case up takes longest, so that each of the three tries the same ones.
        for bearer in tokens:
            response = case.call(headers={"Authorization": f"Bearer {bearer}"})
            case.validate_response(response, checks=CHECKS)

    once()


@EXAMPLES
async def test_everything_is_answered_as_described(
    market: Marketplace, api_settings: Settings, examples: int
) -> None:
    provider, client = market.provider(), market.client()
    # Of what happens once, so that little is sent to where nobody is.
    wanted = {"url": "https://hooks.example.org/", "types": ["booking.confirmed"]}
    webhook = created(await provider.post("/v1/webhooks", wanted))
    booking = await market.confirmed(provider, client, in_days(20))
    log = (await provider.get(f"/v1/webhooks/{webhook['id']}/deliveries")).json()["items"]
    conversation = (await client.get("/v1/conversations")).json()["items"][0]
    known = {
        "booking_id": booking["id"],
        "topic_id": booking["topic_id"],
        "provider_id": provider.id,
        "client_id": client.id,
        "conversation_id": conversation["id"],
        "role": provider.role,
        "person_id": provider.id,
        "token": "of-no-calendar",
        "webhook_id": webhook["id"],
        "delivery_id": log[0]["id"],
    }
    served = listening(create_app(api_settings), log_level="error", lifespan="on")
    async with served as port, apart() as call:
        tried = await call(explored, f"http://127.0.0.1:{port}", known, examples)
    assert len(tried) > 30


def test_what_the_stream_tells_is_described(described: FastAPI) -> None:
    document = described.openapi()
    operation = document["paths"]["/v1/live"]["get"]
    assert {each["name"] for each in operation["parameters"]} == {"Last-Event-ID", "after"}
    told = operation["responses"]["200"]["content"]["text/event-stream"]["schema"]
    data = told["contentSchema"]["items"]["properties"]["data"]["contentSchema"]["$ref"]
    assert "revision" in document["components"]["schemas"][data.rpartition("/")[2]]["properties"]


def test_every_operation_says_what_it_is_for(described: FastAPI) -> None:
    document = described.openapi()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
    # The address of a calendar is a secret itself, for programs that know no other.
    secured = {path for path in document["paths"] if path.startswith("/v1/")}
    secured.remove("/v1/calendars/{token}.ics")
    for path in secured:
        for operation in document["paths"][path].values():
            assert operation["security"] == [{"token": []}]
            assert {"401", "503"} <= set(operation["responses"])
