"""A worker in this process, on the real server and the real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from config import Settings
from db.engine import create_engine
from tests.workflows.world import World
from worker import build_worker
from workflows.search_attributes import register


@pytest.fixture(scope="session")
async def engine(shared_settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Connections to the shared database."""
    engine = create_engine(shared_settings.require_database_url(), pool_size=20)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def world(
    temporal: WorkflowEnvironment, engine: AsyncEngine, shared_settings: Settings
) -> AsyncIterator[World]:
    """The marketplace of these tests, served by a worker."""
    await register(temporal.client)
    async with build_worker(temporal.client, engine, shared_settings):
        yield World(temporal=temporal, engine=engine, task_queue=shared_settings.task_queue)
