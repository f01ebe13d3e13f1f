"""How long a confirmation over HTTP takes until its row is there, at a steady five a second.

When the row is there is told by the database itself, which announces what is committed. The answer
comes later: Temporal has to know of it too, and the answer is kept, before the caller is told.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvloop
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.asking import Asker
from bench.benchmark import Benchmark
from bench.lifecycles import Market, rate
from db.engine import create_engine
from db.ids import new_id
from db.queries.live import announcements
from db.schema import bookings
from dev.trial import Trial, trial
from domain.booking.decide import NewRequest
from domain.booking.state import State
from domain.instants import rfc3339
from tests.api.marketplace import token

A_SECOND = 5
_PATIENCE_SECONDS = 30.0
TARGET_P99_MILLISECONDS = 40.0


def quantiles(took: list[float]) -> dict[str, float]:
    """The middle, the edges and the worst of some times, in milliseconds."""
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    found = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "worst": max(took)}
    return {name: round(value, 1) for name, value in found.items()}


@dataclass(frozen=True, kw_only=True)
class Took:
    """How long confirmations took, each until its row was there and until it was answered."""

    rows: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)


async def confirm_steadily(
    market: Market, database_url: str, requests: list[NewRequest], *, a_second: float = A_SECOND
) -> Took:
    """Confirms pending bookings at a steady pace; how long each took, in milliseconds."""
    http = market.http
    if http is None:
        raise ValueError("this market has no API")
    took = Took()
    waiting: dict[str, asyncio.Future[float]] = {}
    began = time.perf_counter()

    async def one(number: int, request: NewRequest) -> None:
        path = f"/v1/bookings/{request.booking_id}/confirm"
        headers = {
            "Authorization": f"Bearer {token('provider', request.provider_id)}",
            "Idempotency-Key": new_id(),
        }
        await asyncio.sleep(max(0.0, began + number / a_second - time.perf_counter()))
        there = waiting[request.booking_id] = asyncio.get_running_loop().create_future()
        asked = time.perf_counter()
        answer = await http.post(path, {"start": rfc3339(request.preferred_starts[0])}, headers)
        answered = time.perf_counter()
        if answer.status != 200:  # noqa: PLR2004
            raise RuntimeError(f"{path}: {answer.status} {answer.body}")
        seen = await asyncio.wait_for(there, _PATIENCE_SECONDS)
        took.rows.append(1000 * (seen - asked))
        took.answers.append(1000 * (answered - asked))

    async with _told(market.engine, database_url, waiting):
        await asyncio.gather(*(one(number, each) for number, each in enumerate(requests)))
    return took


@contextlib.asynccontextmanager
async def _told(
    engine: AsyncEngine, database_url: str, waiting: dict[str, asyncio.Future[float]]
) -> AsyncIterator[None]:
    """Notes when the rows of some bookings say that they are confirmed."""

    async def watch() -> None:
        async for _ in heard:
            now = time.perf_counter()
            async with engine.connect() as conn:
                confirmed = select(bookings.c.id).where(
                    bookings.c.id.in_(waiting), bookings.c.state == State.CONFIRMED.value
                )
                for booking_id in await conn.scalars(confirmed):
                    waiting.pop(booking_id).set_result(now)

    async with announcements(
        database_url, application_name="bench", at_least_every=_PATIENCE_SECONDS
    ) as heard:
        watching = asyncio.create_task(watch())
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


async def pending(market: Market, number: int) -> list[NewRequest]:
    """So many bookings that wait for an answer."""
    provider_id, topic_id = await market.topic()
    requests = [await market.request(provider_id, topic_id) for _ in range(number)]
    waiting = iter(requests)

    async def begin() -> None:
        handle = await market.begin(next(waiting))
        # An answer to a query is the sign that the first decision is recorded.
        await handle.query("booking")

    await rate(begin, number=number, at_once=50)
    return requests


async def measure(stack: Trial, samples: int) -> dict[str, Any]:
    """Confirms so many bookings."""
    stack.start_workers(MAX_CACHED_WORKFLOWS="2000")
    stack.start_api()
    engine = create_engine(stack.database_url, pool_size=20)
    try:
        async with Asker(stack.api_url) as http:
            market = Market(client=await stack.client(), engine=engine, http=http)
            requests = await pending(market, samples + A_SECOND * 4)
            await confirm_steadily(market, stack.database_url, requests[samples:])
            took = await confirm_steadily(market, stack.database_url, requests[:samples])
    finally:
        await engine.dispose()
    rows, answers = quantiles(took.rows), quantiles(took.answers)
    over = "" if rows["p99"] <= TARGET_P99_MILLISECONDS else "  over target"
    print(f"  {samples} confirmations, until the row is there: {_told_of(rows)}", end="")
    print(f" (target p99 {TARGET_P99_MILLISECONDS} ms){over}")
    print(f"  until they are answered: {_told_of(answers)}")
    return {
        "samples": samples,
        "milliseconds_to_row": rows,
        "milliseconds_to_answer": answers,
        "target_p99": TARGET_P99_MILLISECONDS,
    }


def _told_of(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {value} ms" for name, value in found.items())


def _run(given: argparse.Namespace) -> dict[str, Any]:
    with trial() as stack:
        return uvloop.run(measure(stack, given.samples))


def _options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--samples", type=int, default=1000, help="how many confirmations")


BENCHMARK = Benchmark(
    about="from a confirmation over HTTP to its row, at five a second",
    run=_run,
    add_options=_options,
)
