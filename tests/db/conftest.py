"""What the tests of the database share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import create_engine
from dev.postgres import Postgres
from tests.emptying import EMPTY

_NAME = "keepdate_tables"


@pytest.fixture(scope="session")
async def tables(postgres: Postgres, template_database: str) -> AsyncIterator[AsyncEngine]:
    """Connections to a database that these tests use one after the other."""
    postgres.create_database(_NAME, template=template_database)
    engine = create_engine(postgres.url(_NAME))
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(tables: AsyncEngine) -> AsyncEngine:
    """Connections to a database whose tables are empty."""
    async with tables.begin() as conn:
        await conn.execute(text(EMPTY))
    return tables
