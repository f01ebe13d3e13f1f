"""What is an outage, what an operator can mend, and what is a bug of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from db import outages
from db.engine import create_engine


@pytest.fixture
async def standby(tables: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """The same database, as a server shows it that takes no changes."""
    address = tables.url.render_as_string(hide_password=False)
    engine = create_engine(f"{address}&options=-cdefault_transaction_read_only%3Don")
    yield engine
    await engine.dispose()


async def _error(engine: AsyncEngine, *statements: str) -> DBAPIError:
    try:
        async with engine.begin() as conn:
            for statement in statements:
                await conn.execute(text(statement))
    except DBAPIError as error:
        return error
    raise AssertionError("nothing was wrong")


async def test_a_database_that_takes_no_changes_is_an_outage(standby: AsyncEngine) -> None:
    error = await _error(standby, "DELETE FROM people")
    assert outages.is_outage(error)
    told = outages.told(error)
    assert told == "the database takes no changes: cannot execute DELETE in a read-only transaction"


@pytest.mark.parametrize("limit", ["transaction_timeout", "statement_timeout"])
async def test_limits_of_an_operator_are_outages(tables: AsyncEngine, limit: str) -> None:
    error = await _error(tables, f"SET LOCAL {limit} = '20ms'", "SELECT pg_sleep(60)")
    assert outages.is_outage(error)


async def test_the_log_says_why_and_nothing_that_people_wrote(tables: AsyncEngine) -> None:
    stopped = await _error(tables, "SET LOCAL statement_timeout = '20ms'", "SELECT pg_sleep(60)")
    said = "OperationalError: canceling statement due to statement timeout"
    assert outages.in_brief(stopped) == said
    nobody = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/keepdate")
    away = outages.in_brief(await _error(nobody, "SELECT 1"))
    assert away.startswith("OperationalError: connection failed: ")
    assert "port 1 failed: Connection refused" in away
    wrong = await _error(tables, "SELECT 'Dear Ada'::integer")
    assert outages.in_brief(wrong) == "DataError"


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM nothing", "SELECT nothing FROM people", "SELECT nothing(1)"]
)
async def test_what_is_not_there_was_not_migrated(tables: AsyncEngine, statement: str) -> None:
    error = await _error(tables, statement)
    assert not outages.is_outage(error)
    assert (outages.told(error) or "").startswith("the database lacks what this release needs")


async def test_what_is_forbidden_is_told(tables: AsyncEngine) -> None:
    error = await _error(tables, "SET LOCAL ROLE pg_monitor", "SELECT * FROM people")
    assert not outages.is_outage(error)
    told = outages.told(error)
    assert told == "the database does not allow it: permission denied for table people"


@pytest.mark.parametrize("statement", ["SELEKT", "SELECT 1 / 0"])
async def test_a_bug_of_ours_stays_one(tables: AsyncEngine, statement: str) -> None:
    error = await _error(tables, statement)
    assert not outages.is_outage(error)
    assert outages.told(error) is None
