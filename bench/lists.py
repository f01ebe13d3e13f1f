"""How fast the lists of a marketplace with 100,000 bookings answer.

The API and the portal are served by uvicorn in this process, on a PostgreSQL of their own, and
asked over HTTP, one request after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from api.app import create_app
from api.paging import cursor
from api.server import Server
from bench.benchmark import Benchmark
from bench.filling import BOOKINGS, Filled, fill
from config import Settings
from db.migrate import upgrade
from dev.postgres import Postgres
from tests.api.marketplace import token
from tests.portal.browser import Browser

BUDGET_MILLISECONDS = 50.0
_WARM_UP = 20
_REQUESTS = 200
_DATABASE = "bench"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A list, and who reads it. A page of the portal is asked for with a session, not a token."""

    name: str
    role: str
    path: str
    query: dict[str, str | int]

    @property
    def address(self) -> str:
        """What is asked for."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How long a list took, in milliseconds.

    `cpu` is what this process alone spent on one request, both ends of the connection included: it
    says how slow the list is on a machine that is busy with something else.
    """

    name: str
    role: str
    address: str
    p50: float
    p95: float
    worst: float
    cpu: float
    kilobytes: float


def cases(filled: Filled) -> list[Case]:
    """The lists that are measured."""
    everything, busy = filled.booking_ids, filled.busy_ids
    found = []
    for what, path in (("API", "/v1/bookings"), ("portal", "/bookings")):
        for role, ids in (("provider", busy), ("support", everything), ("client", everything)):
            middle, last = (cursor(ids[place]) for place in (len(ids) // 2, 100))
            found += [
                Case(name=f"{what}, first page", role=role, path=path, query={}),
                Case(name=f"{what}, middle", role=role, path=path, query={"after": middle}),
                Case(name=f"{what}, far end", role=role, path=path, query={"after": last}),
                Case(name=f"{what}, one state", role=role, path=path, query={"state": "confirmed"}),
            ]
    for role, q in (
        ("provider", "Number 77"),
        ("provider", "endgames"),
        ("provider", "nobody"),
        ("client", "watercolours"),
        ("support", "Number 77"),
        ("support", "endgames"),
        ("support", everything[-1]),
    ):
        words = q if len(q) < 20 else "an id"  # noqa: PLR2004
        found.append(
            Case(name=f"portal, search: {words}", role=role, path="/bookings", query={"q": q})
        )
    return found


async def measure(settings: Settings, filled: Filled) -> list[Measured]:
    """Asks for each list in turn."""
    people = {
        "provider": filled.provider_id,
        "client": filled.client_id,
        "support": filled.support_id,
    }
    async with _served(settings) as address:
        found = []
        for case in cases(filled):
            async with httpx.AsyncClient(base_url=address, timeout=60) as http:
                if case.path.startswith("/v1/"):
                    bearer = f"Bearer {token(case.role, people[case.role])}"
                    http.headers["Authorization"] = bearer
                else:
                    await Browser(http).sign_in(case.role, people[case.role])
                found.append(await _measured(http, case))
                _tell(found[-1])
        return found


async def _measured(http: httpx.AsyncClient, case: Case) -> Measured:
    took = []
    spent = 0.0
    for number in range(_WARM_UP + _REQUESTS):
        if number == _WARM_UP:
            spent = time.process_time()
        began = time.perf_counter()
        answer = await http.get(case.address)
        elapsed = time.perf_counter() - began
        answer.raise_for_status()
        if number >= _WARM_UP:
            took.append(elapsed * 1000)
    return Measured(
        name=case.name,
        role=case.role,
        address=case.address,
        p50=round(statistics.median(took), 1),
        p95=round(statistics.quantiles(took, n=20)[-1], 1),
        worst=round(max(took), 1),
        cpu=round((time.process_time() - spent) * 1000 / _REQUESTS, 1),
        kilobytes=round(len(answer.content) / 1024, 1),
    )


@asynccontextmanager
async def _served(settings: Settings) -> AsyncIterator[str]:
    server = Server(create_app(settings), port=0, log_level="warning", lifespan="on")
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            raise SystemExit("the API does not start")
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


def _tell(row: Measured) -> None:
    over = "  over budget" if row.p95 > BUDGET_MILLISECONDS else ""
    print(
        f"{row.name:<32} {row.role:<9} {row.p50:>7.1f} {row.p95:>7.1f} {row.worst:>7.1f}"
        f" {row.cpu:>7.1f} {row.kilobytes:>7.1f}{over}",
        flush=True,
    )


def _run(given: argparse.Namespace) -> dict[str, Any]:
    """Fills a database of its own, measures, and leaves nothing behind."""
    del given
    directory = Path(tempfile.mkdtemp(prefix="keepdate-bench-"))
    try:
        with Postgres(directory / "pg", durable=False) as postgres:
            postgres.create_database(_DATABASE)
            url = postgres.url(_DATABASE)
            upgrade(url)
            print(f"Putting {BOOKINGS:,} bookings there …", flush=True)
            filled = fill(url.replace("postgresql+psycopg://", "postgresql://"))
            print(f"{'milliseconds':<42} {'p50':>7} {'p95':>7} {'worst':>7} {'cpu':>7} {'kB':>7}")
            found = asyncio.run(measure(Settings(database_url=url), filled))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    slowest = max(found, key=lambda row: row.p95)
    print(f"Slowest at the 95th percentile: {slowest.name}, {slowest.role}: {slowest.p95} ms")
    return {
        "bookings": BOOKINGS,
        "requests": _REQUESTS,
        "lists": [asdict(row) for row in found],
    }


BENCHMARK = Benchmark(about="how fast the lists of 100,000 bookings answer", run=_run)
