"""How much longer a confirmation takes whose worker is killed in the middle of it.

The only worker dies by kill -9 while it records the decision, and is started anew at once. That it
has come so far is seen in the database, where the booking's row is held until then.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import Any

import psycopg
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.benchmark import Benchmark
from bench.latency import pending
from bench.lifecycles import Market
from db.engine import create_engine
from db.queries.bookings import get_booking
from db.schema import decisions, events, messages
from dev.trial import Trial, trial
from domain.booking.decide import NewRequest
from domain.booking.state import State
from domain.instants import rfc3339
from domain.workflow_ids import booking_workflow_id

TARGET_SECONDS = 5.0
_WARM_UP = 2
_PATIENCE_SECONDS = 120.0
_LOOK_AGAIN_SECONDS = 0.002
_CONFIRMED = "booking.confirmed"


async def confirmed(
    stack: Trial, market: Market, request: NewRequest, *, kill: str | None
) -> float:
    """Confirms a booking by a signal, and kills a worker meanwhile; how many seconds it took."""
    handle = market.client.get_workflow_handle(booking_workflow_id(request.booking_id))
    url = stack.database_url.replace("postgresql+psycopg://", "postgresql://")
    async with await psycopg.AsyncConnection.connect(url) as holding:
        await holding.execute(
            "SELECT FROM bookings WHERE id = %s FOR UPDATE", (request.booking_id,)
        )
        began = time.perf_counter()
        await handle.signal("confirm", {"start": rfc3339(request.preferred_starts[0])})
        [writer] = await _waits_for(holding)
        if kill is not None:
            await asyncio.to_thread(stack.kill, kill)
            # Its connection ends with it, as soon as the two machines notice.
            await holding.execute("SELECT pg_terminate_backend(%s)", (writer,))
            stack.again(kill)
        await holding.rollback()
    await _visible(market.engine, request.booking_id)
    return time.perf_counter() - began


async def _waits_for(holding: psycopg.AsyncConnection[Any]) -> list[int]:
    """The server processes that wait for what is held."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            found = await holding.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if pids := [pid for (pid,) in await found.fetchall()]:
                return pids
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _visible(engine: AsyncEngine, booking_id: str) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            async with engine.connect() as conn:
                row = await get_booking(conn, booking_id)
            if row is not None and row.booking.state is State.CONFIRMED:
                return
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _effects(engine: AsyncEngine, booking_id: str) -> dict[str, int]:
    """How often the confirmation stands on record: it must do so once, everywhere."""
    counted = {
        "decision": select(func.count()).where(
            decisions.c.subject_id == booking_id, decisions.c.command == "confirm"
        ),
        "event": select(func.count()).where(
            events.c.subject_id == booking_id, events.c.type == _CONFIRMED
        ),
        "card": select(func.count()).where(
            messages.c.source.startswith(f"{booking_id}/"),
            messages.c.card["type"].astext == _CONFIRMED,
        ),
    }
    async with engine.connect() as conn:
        return {name: await conn.scalar(each) or 0 for name, each in counted.items()}


async def measure(stack: Trial, rounds: int) -> dict[str, Any]:
    """So many confirmations without a kill and as many with one, in turns."""
    [worker] = await asyncio.to_thread(stack.start_workers, 1)
    engine = create_engine(stack.database_url)
    took: dict[bool, list[float]] = {False: [], True: []}
    try:
        market = Market(client=await stack.client(), engine=engine)
        requests = await pending(market, 2 * rounds + _WARM_UP)
        for request in requests[:_WARM_UP]:
            await confirmed(stack, market, request, kill=None)
        for number, request in enumerate(requests[_WARM_UP:]):
            killed = number % 2 == 1
            # The worker has it in memory then. The one before may have taken it to its grave.
            await market.client.get_workflow_handle(booking_workflow_id(request.booking_id)).query(
                "booking"
            )
            took[killed].append(
                await confirmed(stack, market, request, kill=worker if killed else None)
            )
            # Everything that the dead worker had begun has come to its end by now.
            await market.client.get_workflow_handle(booking_workflow_id(request.booking_id)).query(
                "booking"
            )
        for request in requests:
            effects = await _effects(engine, request.booking_id)
            if set(effects.values()) != {1}:
                raise RuntimeError(f"{request.booking_id} was confirmed otherwise: {effects}")
    finally:
        await engine.dispose()
    print(f"  {len(requests)} confirmations, each with one decision, one event and one card")
    found = {
        "without": _told("without a kill", took[False]),
        "with": _told("its worker killed and started anew", took[True]),
    }
    longer = found["with"]["p50"] - found["without"]["p50"]
    over = "" if longer <= TARGET_SECONDS else "  over target"
    print(f"  {'longer, in the middle':<40} {longer:.2f} s (target {TARGET_SECONDS:.0f} s){over}")
    return {**found, "longer": round(longer, 3), "target": TARGET_SECONDS, "rounds": rounds}


def _told(name: str, seconds: list[float]) -> dict[str, float]:
    found = {"p50": statistics.median(seconds), "worst": max(seconds)}
    print(f"  {name:<40} p50 {found['p50']:.2f} s, worst {found['worst']:.2f} s", flush=True)
    return {key: round(value, 3) for key, value in found.items()}


def _run(given: argparse.Namespace) -> dict[str, Any]:
    with trial() as stack:
        return asyncio.run(measure(stack, given.rounds_of_recovery))


def _options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--rounds-of-recovery", type=int, default=10, help="how many with a kill, and without"
    )


BENCHMARK = Benchmark(
    about="a confirmation whose worker is killed in the middle of it, against one without",
    run=_run,
    add_options=_options,
)
