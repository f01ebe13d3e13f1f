"""How many lifecycles a second, against what the same server does with nothing and with bare steps.

Everything is measured in one run on one machine, in turns, so that what else the machine does falls
on all alike: the ratios hold where the rates do not.
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import uvloop

from bench.asking import Asker
from bench.baseline import start_worker
from bench.benchmark import Benchmark
from bench.lifecycles import Market, rate
from db.engine import create_engine
from dev.trial import Trial, trial

AT_ONCE = 100
TARGETS = {
    ("signal", "no-op"): 0.40,
    ("signal", "bare"): 0.90,
    ("signal", "bare as ours"): None,
    ("http", "signal"): 0.80,
    ("http", "update"): None,
}
"""The least ratios that we mean to reach. What is bare has a worker as the SDK makes it; the ratio
to one that is tuned as ours is shows what our own work costs. Signals are sent without waiting for
what becomes of them; updates are waited for as requests are, so that the last ratio shows what the
API itself costs."""

_NUMBER = {
    "no-op": 600,
    "bare": 300,
    "bare as ours": 300,
    "signal": 300,
    "update": 300,
    "http": 300,
}
_BASELINE = ("no-op", "bare", "bare as ours")
Work = Callable[[], Awaitable[Any]]


async def measure(stack: Trial, *, workers: int, rounds: int, scale: float) -> dict[str, Any]:
    """The rates of all kinds, with so many worker processes."""
    start_worker(stack)
    ours = stack.start_workers(workers, MAX_CACHED_WORKFLOWS="2000")
    api = stack.start_api()
    found: dict[str, list[float]] = defaultdict(list)
    spent: dict[str, list[float]] = defaultdict(list)
    async with AsyncExitStack() as exits:
        engine = create_engine(stack.database_url, pool_size=20)
        exits.push_async_callback(engine.dispose)
        http = await exits.enter_async_context(Asker(stack.api_url))
        market = Market(client=await stack.client(), engine=engine, http=http)
        # Once in small, so that nobody pays for what happens only once.
        for number in range(rounds + 1):
            for kind, usual in _NUMBER.items():
                count = round(usual * scale) if number else AT_ONCE
                work = await _work(market, kind, count)
                theirs = ["baseline"] if kind in _BASELINE else ours
                before = [stack.cpu_of(name) for name in ("temporal", *theirs)]
                reached = await rate(work, number=count, at_once=AT_ONCE)
                after = [stack.cpu_of(name) for name in ("temporal", *theirs)]
                if number:
                    found[kind].append(reached)
                    spent[kind].append(1000 * (after[0] - before[0]) / count)
                    spent[f"{kind} worker"].append(
                        1000 * (sum(after[1:]) - sum(before[1:])) / count
                    )
    stack.stop(api, *ours)
    return _summary(found, spent)


async def _work(market: Market, kind: str, count: int) -> Work:
    if kind == "no-op":
        return market.no_op
    if kind == "bare":
        return market.bare
    if kind == "bare as ours":
        return market.bare_as_ours
    provider_id, topic_id = await market.topic()
    if kind == "http":
        return lambda: market.by_http(provider_id, topic_id)
    # What the API would have noted before; it is no part of what is timed.
    requests = iter([await market.request(provider_id, topic_id) for _ in range(count)])
    live = market.by_signal if kind == "signal" else market.by_update
    return lambda: live(next(requests))


def _summary(found: dict[str, list[float]], spent: dict[str, list[float]]) -> dict[str, Any]:
    rates = {kind: statistics.median(each) for kind, each in found.items()}
    for kind, reached in rates.items():
        low, high = min(found[kind]), max(found[kind])
        server = statistics.median(spent[kind])
        worker = statistics.median(spent[f"{kind} worker"])
        print(
            f"  {kind:<12} {reached:>7.1f} a second ({low:.1f} to {high:.1f});"
            f" CPU of each: server {server:.1f} ms, worker {worker:.1f} ms",
            flush=True,
        )
    ratios = {}
    for (one, other), target in TARGETS.items():
        # Round by round, so that a slow moment of the machine falls on both.
        each = [a / b for a, b in zip(found[one], found[other], strict=True)]
        ratios[f"{one} / {other}"] = {
            "reached": round(statistics.median(each), 2),
            "target": target,
        }
        verdict = "" if target is None or statistics.median(each) >= target else "  under target"
        told = f" (target {target}){verdict}" if target is not None else ""
        print(f"  {one} / {other}: {statistics.median(each):.2f}{told}")
    return {"rates": {k: round(v, 1) for k, v in rates.items()}, "ratios": ratios}


def _run(given: argparse.Namespace) -> dict[str, Any]:
    results = {}
    for workers in given.throughput_workers:
        print(f" {workers} worker process{'es' if workers > 1 else ''}, {AT_ONCE} at once:")
        with trial() as stack:
            results[f"{workers} workers"] = uvloop.run(
                measure(stack, workers=workers, rounds=given.rounds, scale=given.scale)
            )
    return results


def _options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--rounds", type=int, default=3, help="how often each kind has its turn")
    group.add_argument("--scale", type=float, default=1.0, help="of how many there are in a turn")
    group.add_argument(
        "--throughput-workers", type=int, nargs="+", default=[1, 2], metavar="N",
        help="with so many worker processes, one after the other",
    )  # fmt: skip


BENCHMARK = Benchmark(
    about="lifecycles a second, against no-op workflows and bare ones",
    run=_run,
    add_options=_options,
)
