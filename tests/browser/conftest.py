"""One portal with its worker, and one Chromium; each test opens browser profiles of its own."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage
from temporalio.testing import WorkflowEnvironment

from config import Settings
from dev.chromium import chromium
from dev.postgres import Postgres
from tests.api.conftest import worked
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
    async with worked(browser_settings), served(browser_settings) as api:
        yield api.address


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium."""
    async with chromium() as started:
        yield started


@pytest.fixture
async def visit(browser: Browser, address: str) -> AsyncIterator[Visit]:
    """Lets somebody sit down at a screen of their own.

    `await visit("client", "Ben Okafor", "Asia/Tokyo", **options)`: signed in, with nothing open
    yet; the options are those of a browser context. At the end, whatever the browser complained of
    fails the test.
    """
    async with AsyncExitStack() as closing:
        visitors: list[Visitor] = []

        async def sit_down(
            role: str, name: str, zone: str = "Europe/Berlin", **options: Any
        ) -> Visitor:
            person_id = f"{name.split(maxsplit=1)[0].lower()}-{next(_numbers)}"
            context = await closing.enter_async_context(
                await browser.new_context(base_url=address, **options)
            )
            context.set_default_timeout(LIVE_MILLISECONDS)
            cookie = session_cookie(role, person_id, name, zone)
            await context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
            page = await context.new_page()
            visitor = Visitor(role, person_id, name, context, page)
            visitors.append(visitor)

            def complain(message: ConsoleMessage) -> None:
                if message.type in {"error", "warning"} and not _is_told_status(message):
                    visitor.problems.append(message.text)

            page.on("console", complain)
            page.on("pageerror", lambda error: visitor.problems.append(str(error)))
            return visitor

        yield sit_down
        assert {visitor.id: visitor.problems for visitor in visitors if visitor.problems} == {}


def _is_told_status(message: ConsoleMessage) -> bool:
    """Chromium complains of each page whose status tells a refusal, which is what we test."""
    return message.text.startswith("Failed to load resource: the server responded with a status")
