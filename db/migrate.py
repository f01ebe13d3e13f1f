"""Brings a database to the newest schema."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Engine, create_engine, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from db.queries.migrated import NEWEST

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6B656570  # "keep"

_WAIT_FOR_A_TABLE = timedelta(seconds=3)
"""So long it waits for a table that somebody reads: whoever comes after has to wait as well."""
_BETWEEN_ATTEMPTS = timedelta(seconds=5)
_GIVE_UP_AFTER = timedelta(minutes=10)

_OLDEST = 17
"""PostgreSQL before it cannot end a transaction that takes too long (`transaction_timeout`)."""

log = logging.getLogger("keepdate.migrate")


class OldServerError(Exception):
    """The server is of a version of PostgreSQL that Keepdate cannot work with."""


class TablesInUseError(Exception):
    """Somebody has used a table for longer than a migration waits; nothing has changed."""


def upgrade(url: str, *, give_up_after: timedelta = _GIVE_UP_AFTER) -> None:
    """Applies the migrations that a database does not have yet, all of them or none.

    `url` is SQLAlchemy's, `postgresql+psycopg://…`. Several processes may do this at once: one
    does the work, the others wait for it and find nothing left to do. A database that a later
    release has migrated is left as it is: this one works on it, and begins so when it is rolled
    back to. Raises OldServerError before PostgreSQL 17, and TablesInUseError where a table is not
    to be had for `give_up_after`.
    """
    config = Config()
    # The option is read by configparser, which takes a percent sign for a reference.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"application_name": "keepdate migrate"}
    )
    deadline = time.monotonic() + give_up_after.total_seconds()
    while True:
        try:
            return _upgrade(engine, config)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable | DeadlockDetected):
                raise
            if time.monotonic() > deadline:
                raise TablesInUseError(str(error.orig).splitlines()[0]) from error
        log.warning("a table is in use, by a backup perhaps: trying again")
        time.sleep(_BETWEEN_ATTEMPTS.total_seconds())


def _upgrade(engine: Engine, config: Config) -> None:
    with engine.begin() as connection:
        version, *_ = connection.dialect.server_version_info or (0,)
        if int(version) < _OLDEST:
            raise OldServerError(f"PostgreSQL {_OLDEST} or later is needed, and this is {version}")
        # What operators allow their programs is for the traffic: an index takes what it takes.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL transaction_timeout = 0"))
        # Before Alembic looks which migrations there are, or two processes would find the same.
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        if _is_of_a_later_release(connection):
            log.warning("a later release has migrated the database: there is nothing to do")
            return
        # From here on: whoever waits for a lock on a table has all others wait behind it.
        wait = f"{_WAIT_FOR_A_TABLE // timedelta(milliseconds=1)}ms"
        connection.execute(text(f"SET LOCAL lock_timeout = '{wait}'"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _is_of_a_later_release(connection: Connection) -> bool:
    there = MigrationContext.configure(connection).get_current_revision()
    return there is not None and there > NEWEST
