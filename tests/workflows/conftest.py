"""A worker in this process, on the real server and the real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.comparing import Comparer
from config import Settings
from db.engine import create_engine
from ops.connections import Stack
from tests.workflows.world import World
from worker import build_worker
from workflows.payloads import data_converter
from workflows.search_attributes import register


@pytest.fixture(scope="session")
async def engine(shared_settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Connections to the shared database."""
    engine = create_engine(shared_settings.require_database_url(), pool_size=20)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def client(temporal: WorkflowEnvironment) -> Client:
    """A client as services have it: no workflow that it starts skips time by itself."""
    await register(temporal.client)
    return Client(temporal.client.service_client, data_converter=data_converter)


@pytest.fixture(scope="session")
async def world(
    temporal: WorkflowEnvironment, client: Client, engine: AsyncEngine, shared_settings: Settings
) -> AsyncIterator[World]:
    """The marketplace of these tests, served by a worker."""
    queue = shared_settings.task_queue
    async with build_worker(client, engine, shared_settings):
        yield World(temporal=temporal, client=client, engine=engine, task_queue=queue)


@pytest.fixture
def stack(world: World) -> Stack:
    """What operators' commands talk to."""
    return Stack(client=world.client, engine=world.engine, task_queue=world.task_queue)


@pytest.fixture
def comparer(world: World) -> Comparer:
    """What compares the record with the workflows."""
    return Comparer(world.client, world.engine, world.task_queue, pause=0.1)
