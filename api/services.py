"""What the paths of the API work with: the database, Temporal, who is who, and what is new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from api.auth import Authenticator
from api.gateway import Gateway
from api.live.hub import Hub
from api.recordings import Recordings
from db.engine import singly


@dataclass(frozen=True, kw_only=True)
class Services:
    """The parts that one application holds for as long as it runs."""

    engine: AsyncEngine
    gateway: Gateway
    recordings: Recordings
    authenticator: Authenticator
    live: Hub

    @cached_property
    def singly(self) -> AsyncEngine:
        """The database for one statement alone, which is a transaction by itself."""
        return singly(self.engine)


def of_request(request: Request) -> Services:
    """The parts of the application that serves a request."""
    services: Services = request.app.state.services
    return services


async def _parts(request: Request) -> Services:
    # Not `of_request` itself: FastAPI would call it in a thread, which costs more than all it does.
    return of_request(request)


Parts = Annotated[Services, Depends(_parts)]
"""The application's parts, as a parameter of a path."""


def clock() -> datetime:
    """The instant at which a request is handled."""
    return datetime.now(UTC)
