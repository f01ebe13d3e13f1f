"""The portal in this process, on a real database; a worker is about where one is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from temporalio.testing import WorkflowEnvironment

from api.app import create_app
from config import Settings
from dev.postgres import Postgres
from tests.api.conftest import worked
from tests.conftest import copied, settings_for
from tests.portal.browser import Browser
from tests.portal.lateness import Late, late_people
from tests.portal.pair import Pair
from tests.portal.visitor import Visitor, arriving

Meet = Callable[..., Awaitable[Visitor]]
Open = Callable[[FastAPI], Awaitable[Browser]]


def set_to(settings: Settings, **changes: Any) -> Settings:
    """These settings with some of them set to something else."""
    return Settings(database_url=settings.database_url, **changes)


@pytest.fixture(scope="session")
def shared_database(postgres: Postgres, template_database: str) -> Iterator[str]:
    """A database of this tier's own: support's endpoints hear of everything in it."""
    yield from copied(postgres, template_database)


@pytest.fixture(scope="session")
def shared_settings(shared_database: str, temporal: WorkflowEnvironment) -> Settings:
    """Settings for the tier's database and the shared Temporal server.

    Not those of every tier: made here first, they would lead the others to this tier's database.
    """
    return settings_for(shared_database, temporal)


@pytest.fixture(scope="session")
def portal_settings(shared_database: str) -> Settings:
    """Settings of a portal on a developer's machine."""
    return Settings(database_url=shared_database)


@pytest.fixture(scope="session")
async def portal(portal_settings: Settings) -> AsyncIterator[FastAPI]:
    """The portal of a developer's machine."""
    app = create_app(portal_settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def browse(portal: FastAPI) -> AsyncIterator[Open]:
    """Opens a browser on a portal, which is started if it is another than the usual one."""
    async with AsyncExitStack() as stack:
        started = [portal]

        async def open_browser(app: FastAPI) -> Browser:
            if app not in started:
                await stack.enter_async_context(app.router.lifespan_context(app))
                started.append(app)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            scheme = "https" if app.state.settings.behind_tls else "http"
            http = httpx.AsyncClient(transport=transport, base_url=f"{scheme}://keepdate.test")
            return Browser(await stack.enter_async_context(http))

        yield open_browser


@pytest.fixture
async def browser(portal: FastAPI, browse: Open) -> Browser:
    """A browser on the portal of a developer's machine."""
    return await browse(portal)


@pytest.fixture(scope="session")
async def town(shared_settings: Settings) -> AsyncIterator[FastAPI]:
    """A portal with a worker about, on a task queue of their own."""
    settings = shared_settings.model_copy(update={"task_queue": "portal-pages"})
    app = create_app(settings)
    async with worked(settings), app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def meet(town: FastAPI) -> AsyncIterator[Meet]:
    """Signs in somebody new, by role: `await meet("client", zone="Asia/Tokyo")`."""
    async with arriving(town) as somebody:
        yield somebody


@pytest.fixture
async def pair(meet: Meet) -> Pair:
    """Two who have not met."""
    ada = await meet("provider", name="Ada Lovelace", zone="Europe/Berlin")
    yuki = await meet("client", name="Yuki Tanaka", zone="Asia/Tokyo")
    return Pair(ada, yuki, await ada.offers())


@pytest.fixture
async def late(meet: Meet) -> Late:
    """A provider of whom nothing is known yet, and a client; they have not met."""
    return await late_people(meet)


@pytest.fixture
async def eve(meet: Meet) -> Visitor:
    """A member of the staff, in Berlin."""
    return await meet("support", name="Eve Keller")
