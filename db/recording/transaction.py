"""The one transaction of a recording: it ends in time, or it never happened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import Text, bindparam, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_LIMITED = select(
    func.set_config("transaction_timeout", bindparam("whole", type_=Text), literal(True)),
    func.set_config("statement_timeout", bindparam("each", type_=Text), literal(True)),
)


class RecordingGapError(Exception):
    """A recording came whose forerunners the database does not have: it is behind its own past.

    This happens when a database is restored from a copy that is older than a live booking. The
    record is tried again, and taken once `keepdate repair --apply` has written what is missing.
    """


def require_no_gap(whose: str, newest: int, number: int) -> None:
    """Every record follows on the newest on record, refused ones too. Raises RecordingGapError."""
    if number > newest + 1:
        raise RecordingGapError(f"{whose} has a record {number}, but only {newest} before it")


@asynccontextmanager
async def transaction(engine: AsyncEngine, within: timedelta) -> AsyncIterator[AsyncConnection]:
    """A transaction that is over when `within` has passed, counted from here.

    The server itself ends it. If only we gave up, an attempt that hangs could still commit after
    its caller has tried again and been told something else. Raises TimeoutError, or the
    database's error.
    """
    ends = time.monotonic() + within.total_seconds()
    async with asyncio.timeout(within.total_seconds()), engine.begin() as conn:
        # Waiting for a connection has taken some of the time.
        left = max(int((ends - time.monotonic()) * 1000), 1)
        # A statement that waits for too long ends first, as an error that says where it waited; the
        # transaction's own end costs the connection.
        limits = {"whole": str(left), "each": str(max(left * 9 // 10, 1))}
        await conn.execute(_LIMITED, limits)
        yield conn
