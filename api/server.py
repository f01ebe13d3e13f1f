"""The web server that the API runs in."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn
from fastapi import FastAPI

from api.connections import Connection
from api.services import Services


class Server(uvicorn.Server):
    """Uvicorn, which asks live streams to end before it waits for all requests to do so.

    They would not end by themselves, and the application only hears of the end after them.
    """

    def __init__(self, app: FastAPI, **options: Any) -> None:
        super().__init__(uvicorn.Config(app, http=Connection, **options))
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends what is open, in order."""
        services: Services | None = getattr(self._app.state, "services", None)
        if services is not None:
            services.live.close()
        await super().shutdown(sockets)
