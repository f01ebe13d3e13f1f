"""The API in this process, on a real database and a real Temporal server with a real worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from api.app import create_app
from config import Settings
from config_temporal import temporal_connection
from db.engine import create_engine
from dev.postgres import Postgres
from tests.api.marketplace import Marketplace
from tests.conftest import copied, settings_for
from worker import build_worker
from workflows.payloads import data_converter
from workflows.search_attributes import register


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Marketplace]:
    """An API by these settings."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://keepdate") as http,
    ):
        yield Marketplace(http)


@asynccontextmanager
async def worked(settings: Settings) -> AsyncIterator[None]:
    """A worker by these settings."""
    # Not the environment's own client, whose workflows skip time wherever they wait.
    client = await Client.connect(**temporal_connection(settings), data_converter=data_converter)
    await register(client)
    engine = create_engine(settings.require_database_url(), pool_size=10)
    try:
        async with build_worker(client, engine, settings):
            yield
    finally:
        await engine.dispose()


@pytest.fixture(scope="session")
def shared_database(postgres: Postgres, template_database: str) -> Iterator[str]:
    """A database of this tier's own: its endpoints hear of everything in it."""
    yield from copied(postgres, template_database)


@pytest.fixture(scope="session")
def shared_settings(shared_database: str, temporal: WorkflowEnvironment) -> Settings:
    """Settings for the tier's database and the shared Temporal server."""
    return settings_for(shared_database, temporal)


@pytest.fixture(scope="session")
def api_settings(shared_settings: Settings) -> Settings:
    """Settings of an API and a worker that keep to a task queue of their own."""
    return shared_settings.model_copy(update={"task_queue": "api-tests"})


@pytest.fixture(scope="session")
async def market(api_settings: Settings) -> AsyncIterator[Marketplace]:
    """The marketplace, with a worker about."""
    async with worked(api_settings), served(api_settings) as marketplace:
        yield marketplace


@pytest.fixture(scope="session")
async def market_engine(api_settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Connections to the marketplace's database, for what a test must put there."""
    engine = create_engine(api_settings.require_database_url())
    yield engine
    await engine.dispose()


@pytest.fixture
def described(api_settings: Settings) -> FastAPI:
    """An application whose description can be read; it is not started."""
    return create_app(api_settings)
