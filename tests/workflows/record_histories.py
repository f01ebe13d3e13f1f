"""Plays whole lives on servers of its own and keeps their histories: `make histories`.

The stored histories are what live bookings look like to a new worker. A change that cannot replay
them would stick every booking that is under way, so they are recorded anew only when that is meant.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from config import Settings
from db.engine import create_engine
from db.migrate import upgrade
from db.schema import bookings
from dev.postgres import Postgres
from dev.temporal import temporal_command
from tests.workflows.world import Handle, World, in_days
from worker import build_worker
from workflows.payloads import data_converter
from workflows.search_attributes import register

HISTORIES = Path(__file__).with_name("histories")
IDENTITY = "keepdate"
"""The client's own would name this process and this machine."""

log = logging.getLogger(__name__)


async def completed(world: World) -> Handle:
    """Requested, confirmed, reminded, completed."""
    handle = world.booking((await world.confirmed(in_days(10))).booking_id)
    await world.forward(handle, timedelta(days=11))
    return handle


async def declined(world: World) -> Handle:
    """Requested, declined over scheduling."""
    handle = world.booking((await world.request()).booking_id)
    await world.update(handle, "decline", reason="No time.", over_scheduling=True)
    return handle


async def expired(world: World) -> Handle:
    """Requested, and never answered."""
    handle = world.booking((await world.request()).booking_id)
    await world.forward(handle, timedelta(days=4))
    return handle


async def cancelled_late(world: World) -> Handle:
    """Confirmed, asked to cancel within five days, cancelled: reported to the standing."""
    handle = world.booking((await world.confirmed(in_days(3))).booking_id)
    await world.update(handle, "ask-cancel", reason="Ill.")
    await world.signal(handle, "cancel", reason="They asked.")
    await handle.result()
    return handle


async def rescheduled(world: World) -> Handle:
    """A proposal that is accepted, and entered by support."""
    handle = world.booking((await world.confirmed(in_days(20))).booking_id)
    await world.update(handle, "propose-reschedule", starts=[in_days(22)], reason="A trip.")
    await world.update(handle, "answer-reschedule", accept=True)
    await world.update(handle, "reschedule-approved", start=in_days(22))
    await world.forward(handle, timedelta(days=23))
    return handle


async def lapsed(world: World) -> Handle:
    """A proposal that nobody answers, another one declined, and the booking kept."""
    handle = world.booking((await world.confirmed(in_days(20))).booking_id)
    await world.update(handle, "propose-reschedule", starts=[in_days(40)], reason="A trip.")
    await world.forward(handle, timedelta(days=8))
    await world.update(handle, "propose-reschedule", starts=[in_days(40)], reason="A trip.")
    await world.update(handle, "answer-reschedule", accept=False)
    await world.forward(handle, timedelta(days=13))
    return handle


async def refused(world: World) -> Handle:
    """Signals that cannot be carried out, and a request to cancel the workflow."""
    handle = world.booking((await world.request()).booking_id)
    await world.signal(handle, "confirm", 7)
    await world.signal(handle, "confirm", "two", "arguments")
    await world.signal(handle, "nonsense")
    await handle.cancel()
    await world.until(lambda: world.timeline(handle), lambda lines: len(lines) == 5)
    await world.signal(handle, "cancel", reason="No need.", command_id="once")
    await handle.result()
    return handle


async def stalled(world: World) -> Handle:
    """A database that does not answer for longer than the quick attempts last."""
    start = in_days(9)
    wanted = await world.request(start)
    handle = world.booking(wanted.booking_id)
    async with world.engine.begin() as connection:
        row = select(bookings.c.id).where(bookings.c.id == wanted.booking_id).with_for_update()
        await connection.execute(row)
        confirmed = asyncio.create_task(world.update(handle, "confirm", start=start))
        await asyncio.sleep(6)
    await confirmed
    await world.update(handle, "cancel", reason="Ill.")
    return handle


async def continued(world: World) -> Handle:
    """A booking whose histories are as short as can be."""
    wanted = await world.request(in_days(20), history_limit=12)
    handle = world.booking(wanted.booking_id)
    await world.update(handle, "confirm", start=wanted.preferred_starts[0])
    await world.signal(handle, "nonsense")
    await world.update(handle, "ask-cancel", reason="Ill.")
    await world.update(handle, "cancel", reason="They asked.")
    return handle


async def standing(world: World) -> Handle:
    """Warned, a case, suspended, excused and reinstated; a claim upheld; ended by operators."""
    provider = await world.provider_with_topic()
    handle = await world.start_standing(provider[0], history_limit=60)
    for days in (2, 3, 4):
        booking_id = (await world.confirmed(in_days(days), provider)).booking_id
        await world.update(booking_id, "ask-cancel", reason="Ill.")
        await world.update(booking_id, "cancel", reason="They asked.")
    await _until(world, handle, "case-open")
    await world.forward(handle, timedelta(days=8))
    answer = await world.update(
        handle,
        "submit-proof",
        covers=[(await handle.query("standing"))["events"][0]["id"]],
        statement="I was in hospital.",
    )
    proof_id = answer["proofs"][0]["id"]
    await world.update(handle, "review-proof", proof_id=proof_id, accept=True)
    claimed = (await world.confirmed(in_days(2), provider)).booking_id
    claim = {"reason": "They asked.", "initiated_by": "provider"}
    await world.update(claimed, "cancel", **claim)
    await world.until(lambda: handle.query("standing"), lambda it: it["claims"])
    await world.forward(handle, timedelta(days=4))
    await _until(world, handle, "case-open")
    await world.update(handle, "suspend", reason="Fraud.")
    await world.update(handle, "reinstate", reason="A mistake.")
    await handle.terminate()
    return handle


async def _until(world: World, handle: Handle, status: str) -> None:
    await world.until(lambda: handle.query("standing"), lambda it: it["status"] == status)


LIVES: tuple[Callable[[World], Awaitable[Handle]], ...] = (
    completed,
    declined,
    expired,
    cancelled_late,
    rescheduled,
    lapsed,
    refused,
    stalled,
    continued,
    standing,
)


@asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    """Servers and a worker that end with it."""
    directory = Path(tempfile.mkdtemp(prefix="keepdate-"))
    try:
        with Postgres(directory / "pg", durable=False) as postgres:
            postgres.ensure_database("keepdate")
            url = postgres.url("keepdate")
            upgrade(url)
            async with await WorkflowEnvironment.start_time_skipping_v2(
                dev_server_existing_path=temporal_command(),
                dev_server_extra_args=[
                    "--dynamic-config-value",
                    "frontend.WorkflowTimeSkippingEnabled=true",
                ],
                dev_server_log_level="error",
                identity=IDENTITY,
            ) as temporal:
                service = temporal.client.service_client
                client = await Client.connect(
                    service.config.target_host, identity=IDENTITY, data_converter=data_converter
                )
                await register(client)
                engine = create_engine(url)
                settings = Settings(database_url=url)
                async with build_worker(client, engine, settings):
                    yield World(
                        temporal=temporal,
                        client=client,
                        engine=engine,
                        task_queue=settings.task_queue,
                    )
                await engine.dispose()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def keep(client: Client, name: str, handle: Handle) -> None:
    """Write down every history of a workflow, the newest one first found: `name-1`, `name-2`…"""
    run_id, found = (await handle.describe()).run_id, []
    while run_id:
        history = await client.get_workflow_handle(handle.id, run_id=run_id).fetch_history()
        found.append(history)
        started = history.events[0].workflow_execution_started_event_attributes
        run_id = started.continued_execution_run_id
    for number, history in enumerate(reversed(found), start=1):
        kept = {"workflow_id": history.workflow_id, **_neutral(json.loads(history.to_json()))}
        path = HISTORIES / f"{name}-{number}.json"
        path.write_text(json.dumps(kept, separators=(",", ":")) + "\n", encoding="utf-8")
        ended = EventType.Name(history.events[-1].event_type).removeprefix("EVENT_TYPE_")
        log.info("%s: %d events, %s", path.name, len(history.events), ended)


def _neutral(value: Any) -> Any:
    """Without the stack traces of failed attempts, which name the files of this machine."""
    match value:
        case dict():
            return {key: _neutral(each) for key, each in value.items() if key != "stackTrace"}
        case list():
            return [_neutral(each) for each in value]
        case _:
            return value


async def main() -> None:
    """Record every life anew."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    async with a_world() as world:
        handles = await asyncio.gather(*(life(world) for life in LIVES))
        shutil.rmtree(HISTORIES, ignore_errors=True)
        HISTORIES.mkdir()
        for life, handle in zip(LIVES, handles, strict=True):
            await keep(world.client, life.__name__.replace("_", "-"), handle)


if __name__ == "__main__":
    asyncio.run(main())
