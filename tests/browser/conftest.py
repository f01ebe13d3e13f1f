"""One portal with its worker, and one Chromium; each test opens browser profiles of its own."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, ConsoleMessage, expect
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from config import Settings
from db.engine import create_engine
from db.stores.people import note_person
from dev.chromium import chromium
from dev.postgres import Postgres
from domain.party import Party, Role
from tests.api.conftest import worked
from tests.browser.town import Town, founded
from tests.browser.visitor import COOKIE, LIVE_MILLISECONDS, Visitor, session_cookie
from tests.live.conftest import served

_DATABASE = "browser_tests"
_numbers = itertools.count(1)

Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture(scope="session")
def browser_settings(
    postgres: Postgres, template_database: str, temporal: WorkflowEnvironment
) -> Iterator[Settings]:
    """Settings of a portal that shares neither its database nor its workers with other tests."""
    _, _, port = temporal.client.service_client.config.target_host.rpartition(":")
    postgres.create_database(_DATABASE, template=template_database)
    yield Settings(
        database_url=postgres.url(_DATABASE),
        temporal_port=int(port),
        task_queue="browser-tests",
    )
    postgres.drop_database(_DATABASE)


@pytest.fixture(scope="session")
async def address(browser_settings: Settings) -> AsyncIterator[str]:
    """Where the portal is served."""
    with pytest.MonkeyPatch.context() as looking:
        # Otherwise an announcement that was lost would be made up for unseen.
        looking.setattr("api.live.hub._LOOK_EVERY_SECONDS", 3600)
        async with worked(browser_settings), served(browser_settings) as api:
            yield api.address


@pytest.fixture(scope="session")
async def browser_engine(browser_settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Connections to the portal's database, for what signing in leaves there."""
    engine = create_engine(browser_settings.require_database_url(), pool_size=1)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium."""
    expect.set_options(timeout=LIVE_MILLISECONDS)
    async with chromium() as started:
        yield started


@pytest.fixture
async def visit(
    browser: Browser, address: str, browser_engine: AsyncEngine
) -> AsyncIterator[Visit]:
    """Lets somebody sit down at a screen of their own.

    `await visit("client", "Ben", "Asia/Tokyo", **options)`: signed in, with nothing open
    yet; the options are those of a browser context. At the end, whatever the browser complained of
    fails the test.
    """
    async with AsyncExitStack() as closing:
        visitors: list[Visitor] = []

        async def sit_down(
            role: str, name: str, zone: str = "Europe/Berlin", **options: Any
        ) -> Visitor:
            number = next(_numbers)
            person_id = f"{name.split(maxsplit=1)[0].lower()}-{number}"
            party = Party(role=Role(role), id=person_id)
            async with browser_engine.begin() as conn:
                await note_person(conn, party, name=name, zone=zone)
            context = await closing.enter_async_context(
                await browser.new_context(base_url=address, **options)
            )
            context.set_default_timeout(LIVE_MILLISECONDS)
            cookie = session_cookie(role, person_id, name, zone)
            await context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
            page = await context.new_page()
            has_scripts = options.get("java_script_enabled", True)
            visitor = Visitor(role, person_id, name, context, page, has_scripts)
            visitors.append(visitor)

            page.on("console", lambda message: _note(visitor, message))
            page.on("pageerror", lambda error: visitor.complain(str(error)))
            return visitor

        yield sit_down
        assert {visitor.id: visitor.problems for visitor in visitors if visitor.problems} == {}


@pytest.fixture
async def ida(visit: Visit) -> Visitor:
    """A provider."""
    return await visit("provider", "Ida")


@pytest.fixture
async def town(ida: Visitor, address: str) -> AsyncIterator[Town]:
    """Where she has a client."""
    async with httpx.AsyncClient(base_url=address, timeout=30) as http:
        yield await founded(http, ida)


def _note(visitor: Visitor, message: ConsoleMessage) -> None:
    if message.type in {"error", "warning"}:
        visitor.complain(message.text)
