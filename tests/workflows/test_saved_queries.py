"""What the saved queries find among five hundred bookings is what the database says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

import cli
from config import Settings
from tests.workflows.crowd import Crowd, gathered
from tests.workflows.world import World
from worker import build_worker
from workflows.saved_queries import SAVED_QUERIES, SavedQuery

pytestmark = pytest.mark.long

QUEUE = "saved-queries"

# `:lost` are those of which the database cannot know that they have ended: an operator ended them.
IN_SQL = {
    "pending past half time": """
        SELECT id FROM bookings
        WHERE state = 'pending' AND id <> ALL(:lost)
        AND (document->>'created_at')::timestamptz
            + ((document->>'expires_at')::timestamptz - (document->>'created_at')::timestamptz) / 2
            <= :now""",
    "confirmed within 24 hours": """
        SELECT id FROM bookings
        WHERE state = 'confirmed' AND scheduled_start BETWEEN :now AND :in_a_day""",
    "over and not closed": """
        SELECT id FROM bookings WHERE state = 'confirmed' AND scheduled_start < :day_ago""",
    "late cancellations this week": """
        SELECT booking_id FROM late_events
        WHERE kind = 'cancellation' AND reported_at >= :week_ago""",
    "late reschedules of open bookings": """
        SELECT b.id FROM bookings b JOIN late_events l ON l.booking_id = b.id
        WHERE b.state IN ('pending', 'confirmed') AND l.kind = 'reschedule'""",
    "suspended providers": "SELECT provider_id FROM standings WHERE suspended",
    "open cases": """
        SELECT provider_id FROM standings WHERE status IN ('case-open', 'under-review')""",
    "refused signals": """
        SELECT id FROM bookings WHERE refused > 0
        UNION SELECT provider_id FROM standings WHERE refused > 0""",
    "ended otherwise": "SELECT id FROM bookings WHERE id = ANY(:lost)",
}

FORWARD: dict[str, timedelta] = {
    "pending past half time": timedelta(hours=24),
    "over and not closed": timedelta(days=2),
    "late cancellations this week": timedelta(days=7),
}
"""How long after the crowd's middle a query is asked; so that it finds some, and not all."""


@pytest.fixture(scope="module")
async def world(world: World, shared_settings: Settings) -> AsyncIterator[World]:
    """The marketplace again, on a task queue that tells its workflows from those of other tests."""
    settings = shared_settings.model_copy(update={"task_queue": QUEUE})
    async with build_worker(world.client, world.engine, settings):
        yield replace(world, task_queue=QUEUE)


@pytest.fixture(scope="module")
async def crowd(world: World) -> Crowd:
    """The five hundred."""
    return await gathered(world)


async def _listed(world: World, query: SavedQuery, at: datetime) -> list[str]:
    asked = f"({query.at(at)}) AND TaskQueue IN ('{QUEUE}', '{QUEUE}-broken')"
    return [found.id.partition("/")[2] async for found in world.client.list_workflows(asked)]


async def _on_record(world: World, query: SavedQuery, at: datetime, crowd: Crowd) -> set[str]:
    if query.name == "stuck":
        return set(crowd.stuck)
    instants = {
        "now": at,
        "day_ago": at - timedelta(days=1),
        "week_ago": at - timedelta(days=7),
        "in_a_day": at + timedelta(days=1),
        "lost": list(crowd.terminated),
    }
    statement = text(IN_SQL[query.name])
    used = {name: instants[name] for name in statement._bindparams}
    ours = {found.id.partition("/")[2] async for found in world.client.list_workflows(OURS)}
    async with world.engine.connect() as connection:
        return set((await connection.execute(statement, used)).scalars()) & ours


OURS = f"TaskQueue = '{QUEUE}'"


async def test_the_crowd_is_five_hundred_and_mixed(world: World, crowd: Crowd) -> None:
    del crowd
    ours = {found.id async for found in world.client.list_workflows(OURS)}
    async with world.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT id, state FROM bookings"))).all()
    states = [row.state for row in rows if f"booking/{row.id}" in ours]
    assert len(states) >= 500
    assert set(states) == {"pending", "confirmed", "declined", "cancelled"}


async def test_some_are_closed_and_their_workflows_run_on(world: World, crowd: Crowd) -> None:
    del crowd
    running = f'{OURS} AND BookingState = "cancelled" AND ExecutionStatus = "Running"'
    assert len([each async for each in world.client.list_workflows(running)]) == 6


@pytest.mark.parametrize("query", SAVED_QUERIES, ids=lambda query: query.name)
async def test_a_saved_query_finds_what_the_database_says(
    world: World, crowd: Crowd, query: SavedQuery
) -> None:
    at = crowd.half_way + FORWARD.get(query.name, timedelta())
    expected = await _on_record(world, query, at, crowd)
    assert expected, "a query that should find nothing shows nothing"
    # What the list shows may lag behind.
    found = await world.until(lambda: _listed(world, query, at), same_as(expected))
    assert sorted(found) == sorted(expected)


def same_as(expected: set[str]) -> Callable[[list[str]], bool]:
    """Whether a list names exactly these, each once."""
    return lambda found: sorted(found) == sorted(expected)


def test_an_instant_is_filled_in_to_the_second() -> None:
    at = datetime(2026, 3, 4, 5, 6, 7, 890, tzinfo=UTC)
    [pending] = [query for query in SAVED_QUERIES if query.name == "pending past half time"]
    assert pending.at(at).endswith('HalfTime <= "2026-03-04T05:06:07Z"')


def test_the_command_prints_every_query_as_of_now() -> None:
    told = CliRunner().invoke(cli.app, ["queries"])
    assert told.exit_code == 0, told.output
    assert "{" not in told.output
    for query in SAVED_QUERIES:
        assert f"{query.name}: {query.finds}" in told.output
        assert query.text.partition("{")[0] in told.output
