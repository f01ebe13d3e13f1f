"""The connections to PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_CONNECT_SECONDS = 5
_POOL_WAIT_SECONDS = 10


def create_engine(
    url: str, *, pool_size: int = 10, application_name: str = "keepdate"
) -> AsyncEngine:
    """A pool of connections to PostgreSQL 17 or later; none is opened before it is needed.

    `url` is SQLAlchemy's, `postgresql+psycopg://…`. There are at most `pool_size` connections,
    which operators see under `application_name`. Close it by `await engine.dispose()`.
    """
    return create_async_engine(
        url,
        pool_size=pool_size,
        # The limit is one: what overflows would be opened and closed again for every burst.
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
        # A PostgreSQL that was restarted costs a reconnect, and not an error for each connection.
        pool_pre_ping=True,
        # The values of a statement that fails are what people wrote, and errors are logged.
        hide_parameters=True,
        connect_args={**connection_options(application_name), "prepare_threshold": 5},
    )


def connection_options(application_name: str) -> dict[str, Any]:
    """What every connection of ours is opened with, as psycopg takes it."""
    return {
        "application_name": application_name,
        "connect_timeout": _CONNECT_SECONDS,
        # Instants come back in UTC, wherever the server believes that it stands.
        "options": "-c timezone=UTC",
        # A server that vanished without a word is noticed in seconds (TCP only).
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
