"""What many open bookings cost: memory, the time of a decision among them, and of a restart."""

from __future__ import annotations

import argparse
import time
from typing import Any

import uvloop

from bench.asking import Asker
from bench.benchmark import Benchmark
from bench.latency import confirm_steadily, pending, quantiles
from bench.lifecycles import Market
from db.engine import create_engine
from dev.trial import Trial, trial

TARGET_KILOBYTES_CACHED = 68.0
_SAMPLES = 200


async def measure(stack: Trial, sizes: list[int]) -> list[dict[str, Any]]:
    """Grows to each size in turn, and measures there."""
    cache = str(max(sizes) + 2 * _SAMPLES * len(sizes))
    (worker,) = stack.start_workers(MAX_CACHED_WORKFLOWS=cache)
    stack.start_api()
    engine = create_engine(stack.database_url, pool_size=20)
    found = []
    try:
        async with Asker(stack.api_url) as http:
            market = Market(client=await stack.client(), engine=engine, http=http)
            url = stack.database_url
            await confirm_steadily(market, url, await pending(market, 50), a_second=20)
            open_now, empty = 50, stack.memory_of(worker)
            for size in sizes:
                grown = await pending(market, max(size - open_now, _SAMPLES))
                open_now += len(grown)
                held, server = stack.memory_of(worker), stack.memory_of("temporal")
                confirmed = await confirm_steadily(market, url, grown[:_SAMPLES], a_second=5)
                took = quantiles(confirmed.rows)
                row = {
                    "open": open_now,
                    "worker_kilobytes_each": round((held - empty) / 1024 / (open_now - 50), 1),
                    "server_megabytes": round(server / 1024**2),
                    "confirm_milliseconds": took,
                }
                found.append(row)
                print(
                    f"  {open_now:>7,} open: worker {row['worker_kilobytes_each']} kB each"
                    f" (target {TARGET_KILOBYTES_CACHED:.0f}),"
                    f" server {row['server_megabytes']} MB,"
                    f" confirm p50 {took['p50']} p99 {took['p99']} ms",
                    flush=True,
                )
            (extra,) = await pending(market, 1)
            stack.stop(worker)
            began = time.perf_counter()
            stack.start_workers(MAX_CACHED_WORKFLOWS=cache)
            await confirm_steadily(market, url, [extra])
            restart = time.perf_counter() - began
            print(f"  a new worker's first decision comes after {restart:.1f} s")
    finally:
        await engine.dispose()
    found[-1]["restart_seconds"] = round(restart, 1)
    return found


def _run(given: argparse.Namespace) -> dict[str, Any]:
    with trial() as stack:
        sizes = uvloop.run(measure(stack, sorted(given.open)))
    return {"target_kilobytes_cached": TARGET_KILOBYTES_CACHED, "sizes": sizes}


def _options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--open", type=int, nargs="+", default=[100, 1_000, 10_000], metavar="N",
        help="so many open bookings, one after the other (50000 takes half an hour)",
    )  # fmt: skip


BENCHMARK = Benchmark(
    about="memory and latency among many open bookings", run=_run, add_options=_options
)
