"""The API as one machine: what one operation answers is what the next is asked about.

`--fuzz 20` plays twenty times as many lives, chosen by `--hypothesis-seed`.
"""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from fastapi import FastAPI

from api.app import create_app
from config import Settings
from tests.api.apart import apart
from tests.api.marketplace import Json, Marketplace, in_days, token
from tests.api.test_description import CHECKS
from tests.listening import listening

pytestmark = pytest.mark.long

LIVES = 3
STEPS = 5

NEIGHBOURS = ("topics|bookings", "bookings|providers", "conversations|people", "webhooks")
"""Operations that have to do with each other: each group is played by itself."""

MADE_BY = {
    "topic_id": (("createTopic", "201", "/id"), ("listTopics", "200", "/items/0/id")),
    "booking_id": (("createBooking", "201", "/id"), ("listBookings", "200", "/items/0/id")),
    "provider_id": (("listBookings", "200", "/items/0/provider_id"),),
    "conversation_id": (
        ("openConversation", "201", "/id"),
        ("listConversations", "200", "/items/0/id"),
    ),
    "webhook_id": (("createWebhook", "201", "/id"), ("listWebhooks", "200", "/items/0/id")),
}
"""Where a parameter's value comes from: an operation, its status, and a place in its answer."""


def linked(app: FastAPI) -> Json:
    """The description of the API, with what leads from one operation to another."""
    document: Json = app.openapi()
    operations = {
        operation["operationId"]: (path, operation)
        for path, methods in document["paths"].items()
        for operation in methods.values()
    }
    for parameter, sources in MADE_BY.items():
        for maker, status, place in sources:
            answer = operations[maker][1]["responses"][status]
            answer["links"] = {
                **answer.get("links", {}),
                **{
                    f"{maker}_{target}": {
                        "operationId": target,
                        "parameters": {parameter: f"$response.body#{place}"},
                    }
                    for target, (path, _) in operations.items()
                    if f"{{{parameter}}}" in path
                },
            }
    return document


def played(document: Json, address: str, group: str, fuzz: int) -> set[str]:
    """Plays lives of chained operations, so many times the usual; which of them were asked."""
    whole = schemathesis.openapi.from_dict(document)
    whole.config.update(base_url=address)
    schema = whole.include(path_regex=f"^/v1/({group})")
    asked: set[str] = set()

    class Life(schema.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            asked.add(case.operation.label)
            # Services give every command; only people talk.
            role = "support" if "conversations" in case.operation.path else "service"
            return {"headers": {"Authorization": f"Bearer {token(role, 'explorer')}"}}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    Life.run(
        settings=hypothesis.settings(
            max_examples=LIVES * fuzz,
            stateful_step_count=STEPS,
            deadline=None,
            # The same in every run, unless there are to be more.
            derandomize=fuzz == 1,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
    )
    return asked


async def test_chained_operations_are_answered_as_described(
    market: Marketplace, api_settings: Settings, fuzz: int
) -> None:
    # Seldom does something made up begin a booking.
    await market.confirmed(market.provider(), market.client(), in_days(20))
    app = create_app(api_settings)
    document = linked(app)
    async with listening(app, log_level="error", lifespan="on") as port, apart() as call:
        for group in NEIGHBOURS:
            asked = await call(played, document, f"http://127.0.0.1:{port}", group, fuzz)
            assert len(asked) > 1, group
