"""What the paths of the API work with: the database, Temporal, who is who, and what is new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from api.auth import Authenticator
from api.gateway import Gateway
from api.live.hub import Hub


@dataclass(frozen=True, kw_only=True)
class Services:
    """The parts that one application holds for as long as it runs."""

    engine: AsyncEngine
    gateway: Gateway
    authenticator: Authenticator
    live: Hub


def of_request(request: Request) -> Services:
    """The parts of the application that serves a request."""
    services: Services = request.app.state.services
    return services


Parts = Annotated[Services, Depends(of_request)]
"""The application's parts, as a parameter of a path."""


def clock() -> datetime:
    """The instant at which a request is handled."""
    return datetime.now(UTC)
