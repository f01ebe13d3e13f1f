"""Two processes' worth of the API on one database, served over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import create_app
from api.live.hub import Hub
from api.server import Server
from config import Settings
from db.engine import create_engine
from tests.live.listener import PATIENCE_SECONDS


class _Quiet(Server):
    """A server that leaves the signals of this process alone, for there are two of them."""

    capture_signals = contextlib.nullcontext  # type: ignore[assignment]


@dataclass(frozen=True)
class Api:
    """An API that is being served."""

    app: FastAPI
    server: Server
    address: str

    @property
    def hub(self) -> Hub:
        """What tells its streams."""
        found: Hub = self.app.state.services.live
        return found


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Api]:
    """An API on a port of its own."""
    app = create_app(settings)
    server = _Quiet(app, port=0, log_config=None, lifespan="on")
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not server.started or app.state.services.live.place is None:
                assert not serving.done()
                await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Api(app, server, f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, PATIENCE_SECONDS)


@pytest.fixture
async def apis(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Api, Api]]:
    """Two APIs on one database of the test's own."""
    # Otherwise an announcement that was lost would be made up for unseen.
    monkeypatch.setattr("api.live.hub._LOOK_EVERY_SECONDS", 3600)
    settings = Settings(database_url=database)
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(served(settings))
        other = await stack.enter_async_context(served(settings))
        yield one, other
        # Each takes a moment to end; both at once take no more.
        one.server.should_exit = other.server.should_exit = True


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    """The connections of those who write."""
    engine = create_engine(database)
    yield engine
    await engine.dispose()
