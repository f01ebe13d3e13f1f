"""The connections to PostgreSQL."""

from __future__ import annotations

import os
import select
from typing import Any

import psycopg
from sqlalchemy import event, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

_CONNECT_SECONDS = 5
_POOL_WAIT_SECONDS = 10

_USED = "keepdate-used"
"""Under this name the pool remembers of a connection that it was handed out before."""


def create_engine(
    url: str, *, pool_size: int = 10, application_name: str = "keepdate"
) -> AsyncEngine:
    """A pool of connections to PostgreSQL 17 or later; none is opened before it is needed.

    `url` is SQLAlchemy's, `postgresql+psycopg://…`. There are at most `pool_size` connections,
    which operators see under `application_name`. Close it by `await engine.dispose()`.
    """
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        # The limit is one: what overflows would be opened and closed again for every burst.
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
        # The values of a statement that fails are what people wrote, and errors are logged.
        hide_parameters=True,
        connect_args={**connection_options(url, application_name), "prepare_threshold": 5},
    )
    event.listen(engine.sync_engine, "checkout", _replace_if_cut)
    return engine


def singly(engine: AsyncEngine) -> AsyncEngine:
    """The same pool for whoever runs one statement alone, which is a transaction by itself.

    To begin one and to end it would cost a round trip each.
    """
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _replace_if_cut(_connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
    """A PostgreSQL that was restarted costs a reconnect, and not an error for each connection.

    To ask it before each use (`pool_pre_ping`) costs as much as a statement. But a server that goes
    closes its connections, and a connection that rests has nothing to say otherwise.
    """
    connection = entry.driver_connection
    new = not entry.info.get(_USED)
    entry.info[_USED] = True
    if connection is not None and (connection.closed or not _silent(connection)):
        if new:
            # To ask for another one after this would end in an error that looks like a bug of ours.
            raise psycopg.OperationalError("the server has closed a connection just made")
        raise InvalidatePoolError


def _silent(connection: psycopg.AsyncConnection[Any]) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def connection_options(url: str, application_name: str) -> dict[str, Any]:
    """How every connection of ours is opened, as psycopg takes it: by `url`, SQLAlchemy's.

    What it leaves open is as below. It may name several servers, and options of its own.
    """
    address = make_url(url)
    _, given = address.get_dialect()().create_connect_args(address)
    # As libpq itself would have it: what the environment says, unless the address does.
    options = given.get("options") or os.environ.get("PGOPTIONS", "")
    return {
        "connect_timeout": _CONNECT_SECONDS,
        # A server that vanished without a word is noticed in seconds (TCP only).
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        **given,
        "application_name": application_name,
        # Instants come back in UTC, wherever the server believes that it stands.
        "options": f"{options} -c timezone=UTC".strip(),
    }
