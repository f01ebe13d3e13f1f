"""What waits for support, and providers, are found without reading everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import create_engine
from db.queries.providers import list_statement
from db.queries.queues import standings_with_claims, standings_with_proofs
from db.schema import CLAIMS_TO_SETTLE, PROOFS_TO_REVIEW, standings
from domain.standing.state import Status

_STANDINGS = """
    INSERT INTO standings
    SELECT 'p' || n, CASE WHEN n % 1000 = 0 THEN 'suspended' ELSE 'warned' END, n % 1000 = 0,
           json_build_object(
               'provider_id', 'p' || n, 'decided_at', '2026-11-22T10:00:00Z',
               'claims', json_build_object('b', json_build_object(
                   'id', 'b', 'booking_id', 'b', 'due_at', '2026-11-25T10:00:00Z',
                   'status', CASE WHEN n % 1000 = 1 THEN 'contested' ELSE 'upheld' END)),
               'proofs', json_build_object('proof-1', json_build_object(
                   'id', 'proof-1', 'covers', json_build_array(), 'statement', '',
                   'documents', json_build_array(), 'submitted_at', '2026-11-22T10:00:00Z',
                   'status', CASE WHEN n % 1000 = 2 THEN 'submitted' ELSE 'accepted' END))),
           1, 1, 0, timestamptz '2020-11-22 10:00Z' - n * interval '1 s'
      FROM generate_series(1, 5000) n"""
_TOPICS = """
    INSERT INTO topics
    SELECT 't' || n, 'p' || (n / 2), 'Fugues', '', 60, true, now(), now()
      FROM generate_series(1, 20000) n"""

_PEOPLE = """
    INSERT INTO people (role, id, standing)
    SELECT 'provider', 'p' || n,
           coalesce((SELECT status FROM standings WHERE provider_id = 'p' || n), 'good')
      FROM generate_series(0, 10000) n"""


@pytest.fixture(scope="module")
async def many(shared_database: str) -> AsyncIterator[AsyncConnection]:
    """Thousands of providers, of whom the planner knows; they are gone afterwards."""
    engine: AsyncEngine = create_engine(shared_database)
    async with engine.connect() as conn:
        for statement in (_STANDINGS, _TOPICS, _PEOPLE, "ANALYZE standings, topics, people"):
            await conn.execute(text(statement))
        yield conn
        await conn.rollback()
    await engine.dispose()


async def _plan(conn: AsyncConnection, statement: Select[Any]) -> str:
    compiled = str(statement.compile(conn.engine, compile_kwargs={"literal_binds": True}))
    # What looks like a parameter is a part of the statement.
    return "\n".join(await conn.scalars(text("EXPLAIN " + compiled.replace(":", "\\:"))))


async def test_queues_hold_what_waits_and_nothing_else(many: AsyncConnection) -> None:
    proofs = await standings_with_proofs(many, limit=3)
    claims = await standings_with_claims(many, limit=50)
    # Who has waited for longest comes first.
    assert [each.provider_id for each in proofs] == ["p4002", "p3002", "p2002"]
    assert {each.provider_id for each in claims} >= {"p1", "p1001", "p2001", "p3001", "p4001"}
    assert "p2" not in {each.provider_id for each in claims}


@pytest.mark.parametrize("condition", [PROOFS_TO_REVIEW, CLAIMS_TO_SETTLE])
async def test_queues_read_an_index(many: AsyncConnection, condition: Any) -> None:
    plan = await _plan(many, select(standings.c.document).where(condition))
    assert "_to_" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("after", [None, "p3"])
@pytest.mark.parametrize("status", [None, Status.SUSPENDED, Status.GOOD])
async def test_providers_are_listed_by_indexes(
    many: AsyncConnection, status: Status | None, after: str | None
) -> None:
    # Where there are few, to sort them is cheap: the question is whether it can be done without.
    await many.execute(text("SET LOCAL enable_sort = off"))
    plan = await _plan(many, list_statement(status=status, limit=20, after=after))
    assert "Index" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
