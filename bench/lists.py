"""How fast the lists and searches of a marketplace with 100,000 bookings answer, or with more.

The API and the portal are served by uvicorn in this process, on a PostgreSQL of their own, and
asked over HTTP, one request after the other. Filling the database takes a few minutes for a million
bookings.
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

import httpx
import psutil

from api.app import create_app
from api.server import Server
from bench.benchmark import Benchmark
from bench.filling import BOOKINGS, WARNED, Filled, fill
from bench.list_cases import Case, cases
from config import Settings
from db.migrate import upgrade
from dev.postgres import Postgres
from tests.api.marketplace import token
from tests.portal.browser import Browser

BUDGET_MILLISECONDS = 50.0
TARGET_MILLISECONDS, TARGET_RATIO = 20.0, 1.5
"""Of the first page of bookings at the 95th percentile, and of a deep page compared with it."""

_WARM_UP = 20
_DATABASE = "bench"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How long a list took, in milliseconds: its first page, and the deep one, asked in turn.

    `cpu` is what this process alone spent on one request, both ends of the connection included, and
    `database` what PostgreSQL did: they say how slow the list is, whatever else the machine does.
    """

    name: str
    role: str
    address: str
    p50: float
    p95: float
    worst: float
    deep_p50: float | None
    deep_p95: float | None
    cpu: float
    database: float
    kilobytes: float

    @property
    def deep_ratio(self) -> float | None:
        """How many times as long the deep page takes."""
        return round(self.deep_p50 / self.p50, 2) if self.deep_p50 else None


async def measure(
    settings: Settings, filled: Filled, requests: int, postgres: psutil.Process
) -> list[Measured]:
    """Asks for each list in turn."""
    people = {
        "provider": filled.provider_id,
        "client": filled.client_id,
        "support": filled.support_id,
        "service": "payments",
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
                found.append(await _measured(http, case, requests, postgres))
                _tell(found[-1])
        return found


async def _measured(
    http: httpx.AsyncClient, case: Case, requests: int, postgres: psutil.Process
) -> Measured:
    addresses = [case.address()] + ([case.address(case.deep)] if case.deep else [])
    took: dict[str, list[float]] = {address: [] for address in addresses}
    spent = spent_before = 0.0
    size = 0
    for number in range(_WARM_UP + requests):
        if number == _WARM_UP:
            spent_before = _spent(postgres)
        # One after the other, so that whatever else the machine does slows both.
        for address in addresses:
            cpu, began = time.process_time(), time.perf_counter()
            answer = await http.get(address)
            elapsed = time.perf_counter() - began
            answer.raise_for_status()
            size = size or len(answer.content)
            if number >= _WARM_UP:
                took[address].append(elapsed * 1000)
                spent += time.process_time() - cpu
    first, deep = took[addresses[0]], took[addresses[1]] if case.deep else None
    return Measured(
        name=case.name,
        role=case.role,
        address=addresses[0],
        p50=round(statistics.median(first), 1),
        p95=_p95(first),
        worst=round(max(first), 1),
        deep_p50=round(statistics.median(deep), 1) if deep else None,
        deep_p95=_p95(deep) if deep else None,
        cpu=round(spent * 1000 / requests / len(addresses), 1),
        database=round((_spent(postgres) - spent_before) * 1000 / requests / len(addresses), 1),
        kilobytes=round(size / 1024, 1),
    )


def _spent(postgres: psutil.Process) -> float:
    """What a server and all its connections have computed so far, in seconds."""
    times = [each.cpu_times() for each in (postgres, *postgres.children())]
    return sum(each.user + each.system for each in times)


def _p95(took: list[float]) -> float:
    return round(statistics.quantiles(took, n=20, method="inclusive")[-1], 1)


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
    over = "  over budget" if max(row.p95, row.deep_p95 or 0) > BUDGET_MILLISECONDS else ""
    deep = (row.deep_p50, row.deep_p95, row.deep_ratio)
    shown = [row.p50, row.p95, row.worst, *deep, row.cpu, row.database, row.kilobytes]
    numbers = "".join(f"{'' if each is None else each:>8}" for each in shown)
    print(f"{row.name:<40} {row.role:<9}{numbers}{over}", flush=True)


def _run(given: argparse.Namespace) -> dict[str, Any]:
    directory = Path(tempfile.mkdtemp(prefix="keepdate-bench-"))
    try:
        with Postgres(directory / "pg", durable=False) as postgres:
            postgres.create_database(_DATABASE)
            url = postgres.url(_DATABASE)
            upgrade(url)
            print(f"Putting {given.bookings:,} bookings there …", flush=True)
            filled = fill(url.replace("postgresql+psycopg://", "postgresql://"), given.bookings)
            columns = ("p50", "p95", "worst", "deep p50", "p95", "ratio", "cpu", "db", "kB")
            print(f"{'milliseconds':<50}{''.join(f'{each:>8}' for each in columns)}")
            server = psutil.Process(
                int((directory / "pg" / "postmaster.pid").read_text().split()[0])
            )
            settings = Settings(database_url=url)
            found = asyncio.run(measure(settings, filled, given.requests, server))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    slowest = max(found, key=lambda row: row.p95)
    print(f"Slowest at the 95th percentile: {slowest.name}, {slowest.role}: {slowest.p95} ms")
    of_bookings = ("/v1/bookings", "/bookings")
    bookings = [row for row in found if row.address.partition("?")[0] in of_bookings]
    lists = [row for row in bookings if "q=" not in row.address]
    print(
        f"Lists of bookings: first page at most {max(row.p95 for row in lists)} ms at the 95th"
        f" percentile (target {TARGET_MILLISECONDS}), a deep page at most"
        f" {max(row.deep_ratio or 0 for row in lists)} times as long (target {TARGET_RATIO})"
    )
    return {
        "bookings": given.bookings,
        "warned_providers": WARNED,
        "requests": given.requests,
        "lists": [asdict(row) | {"deep_ratio": row.deep_ratio} for row in found],
    }


def _add_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--bookings", type=int, default=BOOKINGS, help="how many there are")
    group.add_argument("--requests", type=int, default=100, help="how many for each list")


BENCHMARK = Benchmark(
    about="how fast the lists and searches answer among 100,000 bookings and 50,000 providers",
    run=_run,
    add_options=_add_options,
)
