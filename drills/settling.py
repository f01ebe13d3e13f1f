"""When a drill is over: nothing that was said is still on its way, and nobody is owed a notice."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from drills.journal import Journal

_PATIENCE_SECONDS = 180.0
_QUIET_SECONDS = 2.0
_OWED_SECONDS = 600.0
_WRITTEN: LiteralString = "SELECT count(*) FROM decisions"
# What is owed, what expires, what ends, and whose last reminder goes out: up to a minute late.
_STILL_OWED: LiteralString = """
SELECT (SELECT count(*) FROM notices WHERE state = 'owed')
     + (SELECT count(*) FROM bookings
        WHERE state = 'pending' AND (document->>'expires_at')::timestamptz < now() + %(ahead)s)
     + (SELECT count(*) FROM bookings
        WHERE state = 'confirmed' AND scheduled_end < now() + %(ahead)s)
     + (SELECT count(*) FROM bookings b
        WHERE b.state = 'confirmed'
          AND b.scheduled_start - interval '1 hour'
              BETWEEN now() - interval '65 seconds' AND now() + %(ahead)s
          AND NOT EXISTS (
              SELECT FROM notices n
              WHERE n.booking_id = b.id AND n.kind = 'session-starts'
                AND n.due_at = b.scheduled_start - interval '1 hour'))
"""


async def settled(client: Client, database_url: str, journal: Journal) -> None:
    """Waits until no workflow has anything left to do at once, and nothing more is written."""
    url = _libpq(database_url)
    ids = [f"booking/{each}" for each in journal.bookings]
    ids += [f"provider-standing/{each}" for each in journal.providers]
    ends = time.monotonic() + _PATIENCE_SECONDS
    before = -1
    while time.monotonic() < ends:
        busy = await _busy(client, ids)
        written = await asyncio.to_thread(_count, url, _WRITTEN)
        if not busy and written == before:
            return
        before = written
        await asyncio.sleep(_QUIET_SECONDS)


async def all_told(database_url: str, *, ahead: timedelta) -> None:
    """Waits until nobody is owed a notice, or would be within the time ahead."""
    url = _libpq(database_url)
    ends = time.monotonic() + _OWED_SECONDS
    while time.monotonic() < ends:
        if not await asyncio.to_thread(_count, url, _STILL_OWED, {"ahead": ahead}):
            return
        await asyncio.sleep(_QUIET_SECONDS / 4)


async def _busy(client: Client, ids: list[str]) -> int:
    """How many workflows are at something: a task or an activity that has not ended."""
    room = asyncio.Semaphore(20)

    async def one(workflow_id: str) -> bool:
        async with room:
            try:
                found = await client.get_workflow_handle(workflow_id).describe()
            except RPCError:
                return False
            if found.status is not WorkflowExecutionStatus.RUNNING:
                return False
            raw = found.raw_description
            return raw.HasField("pending_workflow_task") or bool(raw.pending_activities)

    return sum(await asyncio.gather(*map(one, ids)))


def _count(url: str, query: LiteralString, values: dict[str, Any] | None = None) -> int:
    with psycopg.connect(url) as conn:
        found = conn.execute(query, values).fetchone()
    return int(found[0]) if found else 0


def _libpq(database_url: str) -> str:
    return database_url.replace("postgresql+psycopg://", "postgresql://")
