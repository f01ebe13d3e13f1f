"""How long a confirmation over HTTP takes until its row is there, at a steady five a second.

The API answers once the database shows the result, so the answer is when the row is visible; that
it is, is read from the database each time.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import Any

import httpx

from bench.benchmark import Benchmark
from bench.lifecycles import Market, rate
from db.engine import create_engine
from db.ids import new_id
from db.queries.bookings import get_booking
from dev.trial import Trial, trial
from domain.booking.decide import NewRequest
from domain.booking.state import State
from domain.instants import rfc3339
from tests.api.marketplace import token

A_SECOND = 5
TARGET_P99_MILLISECONDS = 40.0


def quantiles(took: list[float]) -> dict[str, float]:
    """The middle, the edges and the worst of some times, in milliseconds."""
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    found = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "worst": max(took)}
    return {name: round(value, 1) for name, value in found.items()}


async def confirm_steadily(
    market: Market, requests: list[NewRequest], *, a_second: float = A_SECOND
) -> list[float]:
    """Confirms pending bookings at a steady pace; how long each took, in milliseconds."""
    if market.http is None:
        raise ValueError("this market has no API")
    began = time.perf_counter()
    took: list[float] = []

    async def one(number: int, request: NewRequest) -> None:
        await asyncio.sleep(max(0.0, began + number / a_second - time.perf_counter()))
        asked = time.perf_counter()
        answer = await market.http.post(  # type: ignore[union-attr]
            f"/v1/bookings/{request.booking_id}/confirm",
            json={"start": rfc3339(request.preferred_starts[0])},
            headers={
                "Authorization": f"Bearer {token('provider', request.provider_id)}",
                "Idempotency-Key": new_id(),
            },
        )
        took.append(1000 * (time.perf_counter() - asked))
        answer.raise_for_status()
        async with market.engine.connect() as conn:
            row = await get_booking(conn, request.booking_id)
        if row is None or row.booking.state is not State.CONFIRMED:
            raise RuntimeError(f"{request.booking_id} was answered before its row was there")

    await asyncio.gather(*(one(number, each) for number, each in enumerate(requests)))
    return took


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
        async with httpx.AsyncClient(base_url=stack.api_url, timeout=30) as http:
            market = Market(client=await stack.client(), engine=engine, http=http)
            requests = await pending(market, samples + A_SECOND * 4)
            await confirm_steadily(market, requests[samples:])
            took = await confirm_steadily(market, requests[:samples])
    finally:
        await engine.dispose()
    found = quantiles(took)
    over = "" if found["p99"] <= TARGET_P99_MILLISECONDS else "  over target"
    told = ", ".join(f"{name} {value} ms" for name, value in found.items())
    print(f"  {samples} confirmations: {told} (target p99 {TARGET_P99_MILLISECONDS} ms){over}")
    return {"samples": samples, "milliseconds": found, "target_p99": TARGET_P99_MILLISECONDS}


def _run(given: argparse.Namespace) -> dict[str, Any]:
    with trial() as stack:
        return asyncio.run(measure(stack, given.samples))


def _options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--samples", type=int, default=1000, help="how many confirmations")


BENCHMARK = Benchmark(
    about="from a confirmation over HTTP to its row, at five a second",
    run=_run,
    add_options=_options,
)
