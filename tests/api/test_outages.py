"""What is out of reach is an outage, of which the answer says that it will pass."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from temporalio.service import RPCError, RPCStatusCode

from api.outcomes import is_outage
from config import Settings
from db.engine import create_engine
from db.migrate import upgrade
from tests.api.conftest import served
from tests.api.marketplace import Marketplace, fields_of, in_days, ok, problem


async def test_the_api_starts_without_its_parts_and_says_what_is_missing(
    api_settings: Settings,
) -> None:
    port = await _free_port()
    changes = {
        "database_url": f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing",
        "temporal_port": port,
    }
    async with served(api_settings.model_copy(update=changes)) as market:
        assert (await market.http.get("/healthz")).status_code == 200
        answer = await market.http.get("/readyz")
        missing = fields_of(problem(answer, 503, "unavailable"))
        assert missing == ["database", "temporal"]
        problem(await market.support.get("/v1/bookings"), 503, "unavailable")


async def test_an_api_that_comes_before_its_migration_is_not_ready(
    api_settings: Settings, empty_database: str
) -> None:
    async with served(api_settings.model_copy(update={"database_url": empty_database})) as market:
        early = problem(await market.http.get("/readyz"), 503, "unavailable")
        assert early["errors"] == [{"field": "database", "message": "is not migrated"}]
        upgrade(empty_database)
        assert ok(await market.http.get("/readyz"))["status"] == "ready"
        await _left_at("0001", empty_database)
        problem(await market.http.get("/readyz"), 503, "unavailable")
        # By a later release, which was rolled back.
        await _left_at("9999", empty_database)
        assert ok(await market.http.get("/readyz"))["status"] == "ready"


async def _left_at(revision: str, database: str) -> None:
    engine = create_engine(database)
    async with engine.begin() as conn:
        left = text("UPDATE alembic_version SET version_num = :revision")
        await conn.execute(left, {"revision": revision})
    await engine.dispose()


async def test_without_temporal_nothing_is_taken_and_a_repetition_is_safe(
    api_settings: Settings, market: Marketplace
) -> None:
    provider, client = market.provider(), market.client()
    topic = await market.topic(provider)
    body = {"topic_id": topic["id"], "preferred_starts": [in_days(5)]}
    down = api_settings.model_copy(update={"temporal_port": await _free_port()})
    async with served(down) as cut_off:
        problem(
            await type(client)(cut_off.http, "client", client.id).post("/v1/bookings", body, "k"),
            503,
            "unavailable",
        )
    answer = await client.post("/v1/bookings", body, "k")
    assert answer.status_code == 201, answer.text
    assert len(ok(await client.get("/v1/bookings"))["items"]) == 1


async def test_a_namespace_that_is_not_there_is_an_outage(
    api_settings: Settings, market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, client = market.provider(), market.client()
    topic, booking = await market.topic(provider), await market.requested(provider, client)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    async with served(api_settings) as astray:
        missing = problem(await astray.http.get("/readyz"), 503, "unavailable")
        assert fields_of(missing) == ["temporal"]
        for path, body in (
            ("/v1/bookings", {"topic_id": topic["id"], "preferred_starts": [in_days(5)]}),
            (f"/v1/bookings/{booking['id']}/cancel", {"reason": "Never mind."}),
        ):
            answer = await type(client)(astray.http, "client", client.id).post(path, body)
            told = problem(answer, 503, "unavailable")
            assert told["detail"] == "Temporal cannot be reached at the moment."


@pytest.mark.parametrize("status", [RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED])
def test_a_key_of_ours_that_has_run_out_is_an_outage(status: RPCStatusCode) -> None:
    assert is_outage(RPCError("Request unauthorized.", status, b""))


async def test_a_database_that_takes_no_changes_is_an_outage_for_those_who_make_one(
    api_settings: Settings,
) -> None:
    address = f"{api_settings.database_url}&options=-cdefault_transaction_read_only%3Don"
    async with served(api_settings.model_copy(update={"database_url": address})) as market:
        provider = market.provider()
        ok(await provider.get("/v1/topics"))
        answer = await provider.post("/v1/topics", {"title": "x", "duration_minutes": 5})
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"]


async def _free_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
