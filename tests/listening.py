"""An application that listens, on a server like the API's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tests.api.marketplace import until


@asynccontextmanager
async def listening(app: ASGIApp, **config: Any) -> AsyncIterator[int]:
    """The port of an application that listens on this machine; `config` is uvicorn's."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, **config))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        assert not serving.done()
        return server.started

    try:
        await until(started, bool)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving
