"""When a drill is over: nothing that was said is still on its way."""

from __future__ import annotations

import asyncio
import time

import psycopg
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from drills.journal import Journal

_PATIENCE_SECONDS = 180.0
_QUIET_SECONDS = 2.0


async def settled(client: Client, database_url: str, journal: Journal) -> None:
    """Waits until no workflow has anything left to do at once, and nothing more is written."""
    url = database_url.replace("postgresql+psycopg://", "postgresql://")
    ids = [f"booking/{each}" for each in journal.bookings]
    ids += [f"provider-standing/{each}" for each in journal.providers]
    ends = time.monotonic() + _PATIENCE_SECONDS
    before = -1
    while time.monotonic() < ends:
        busy = await _busy(client, ids)
        written = await asyncio.to_thread(_written, url)
        if not busy and written == before:
            return
        before = written
        await asyncio.sleep(_QUIET_SECONDS)


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


def _written(url: str) -> int:
    with psycopg.connect(url) as conn:
        found = conn.execute("SELECT count(*) FROM decisions").fetchone()
    return int(found[0]) if found else 0
