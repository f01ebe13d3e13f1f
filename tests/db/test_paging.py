"""Lists page by an index: complete, without duplicates, and without sorting."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.queries.bookings import BookingRow, list_bookings, list_statement
from db.queries.subjects import open_bookings, open_statement
from domain.booking import commands as do
from domain.booking.state import State
from tests.db.player import in_days, new_topic, requested

_MANY = """
    INSERT INTO bookings (id, topic_id, provider_id, client_id, state, revision, created_at,
                          updated_at, during, document, recording, refused)
    SELECT to_char(n, 'FM00000000'), :topic_id, 'provider-' || n % 8, 'client-' || n % 7,
           (ARRAY['pending', 'declined', 'expired', 'cancelled', 'completed'])[1 + n % 5],
           1, now(), now(), NULL, '{}', 1, 0
      FROM generate_series(1, 8000) n"""


async def _pages(engine: AsyncEngine, limit: int, **wanted: Any) -> list[BookingRow]:
    found: list[BookingRow] = []
    async with engine.connect() as conn:
        while page := await list_bookings(
            conn, limit=limit, after=found[-1].booking.id if found else None, **wanted
        ):
            assert len(page) <= limit
            found += page
    return found


async def test_pages_are_complete_while_bookings_are_added(engine: AsyncEngine) -> None:
    topic_id = await new_topic(engine, "ada")
    there = [(await requested(engine, topic_id=topic_id)).booking.id for _ in range(23)]
    seen: list[str] = []
    async with engine.connect() as conn:
        while page := await list_bookings(conn, limit=4, after=seen[-1] if seen else None):
            seen += [row.booking.id for row in page]
            await requested(engine, topic_id=topic_id)
    assert seen == sorted(there, reverse=True)


async def test_lists_hold_what_was_asked_for(engine: AsyncEngine) -> None:
    people = [(provider, client) for provider in ("ada", "bea") for client in ("carl", "dora")]
    by_people = {}
    for day, (provider_id, client_id) in enumerate(people * 2):
        start = in_days(7 + day)
        played = await requested(engine, start, provider_id=provider_id, client_id=client_id)
        if day % 3 == 0:
            await played.give(do.Confirm(start=start), played.provider)
        by_people[played.booking.id] = played.booking
    newest_first = sorted(by_people.values(), key=lambda booking: booking.id, reverse=True)
    for state in (None, State.PENDING, State.CONFIRMED):
        for viewer in ({}, {"viewer_provider_id": "ada"}, {"viewer_client_id": "carl"}):
            for wanted in ({}, {"provider_id": "bea"}, {"client_id": "carl"}):
                given: dict[str, Any] = {"state": state, **viewer, **wanted}
                expected = [
                    booking
                    for booking in newest_first
                    if state in (None, booking.state)
                    and booking.provider_id
                    in {"ada", "bea"}
                    & {viewer.get("viewer_provider_id", booking.provider_id)}
                    & {wanted.get("provider_id", booking.provider_id)}
                    and booking.client_id
                    in {"carl", "dora"}
                    & {viewer.get("viewer_client_id", booking.client_id)}
                    & {wanted.get("client_id", booking.client_id)}
                ]
                found = await _pages(engine, 3, **given)
                assert [row.booking for row in found] == expected


@pytest.fixture(scope="module")
async def many(tables: AsyncEngine) -> AsyncEngine:
    """Some thousand bookings, of which the planner knows."""
    topic_id = await new_topic(tables, "ada")
    async with tables.begin() as conn:
        await conn.execute(text("TRUNCATE bookings CASCADE"))
        await conn.execute(text(_MANY), {"topic_id": topic_id})
        await conn.execute(text("ANALYZE bookings"))
    return tables


async def _plan(engine: AsyncEngine, **wanted: Any) -> str:
    async with engine.connect() as conn:
        return await _plan_of(conn, list_statement(limit=20, **wanted))


async def _plan_of(conn: AsyncConnection, statement: Select[Any]) -> str:
    compiled = statement.compile(conn.engine, compile_kwargs={"literal_binds": True})
    return "\n".join(await conn.scalars(text(f"EXPLAIN {compiled}")))


@pytest.mark.parametrize("after", [None, "00007000"])
@pytest.mark.parametrize("state", [None, State.PENDING])
@pytest.mark.parametrize(
    "wanted",
    [{}, {"viewer_provider_id": "provider-5"}, {"client_id": "client-5"}],
    ids=["all", "provider", "client"],
)
async def test_lists_read_an_index_in_order(
    many: AsyncEngine, wanted: dict[str, str], state: State | None, after: str | None
) -> None:
    plan = await _plan(many, state=state, after=after, **wanted)
    assert "Index Scan" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan


async def test_the_list_of_a_pair_reads_an_index(many: AsyncEngine) -> None:
    plan = await _plan(many, viewer_provider_id="provider-5", client_id="client-5")
    assert "Index" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("after", ["", "00004000"])
async def test_what_is_open_is_found_without_what_has_ended(many: AsyncEngine, after: str) -> None:
    async with many.connect() as conn:
        # Few are open, and those are the newest.
        await conn.execute(
            text("UPDATE bookings SET state = 'completed' WHERE id < '00007900'"),
        )
        await conn.execute(text("ANALYZE bookings"))
        plan = await _plan_of(conn, open_statement(limit=20, after=after))
        await conn.rollback()
    assert "ix_bookings_state_id" in plan
    assert "Filter" not in plan
    assert "Seq Scan" not in plan


async def test_open_bookings_page_in_the_order_of_their_ids(engine: AsyncEngine) -> None:
    there = []
    for day in range(9):
        played = await requested(engine, start := in_days(7 + day))
        there.append(played.booking.id)
        if day % 3 == 0:
            await played.give(do.Confirm(start=start), played.provider)
        elif day % 3 == 1:
            await played.give(do.Decline(reason="Away."), played.provider)
            there.pop()
    found: list[str] = []
    async with engine.connect() as conn:
        while page := await open_bookings(conn, limit=2, after=found[-1] if found else ""):
            found += page
    assert found == there
