"""How fast the lists and searches of a marketplace with 100,000 bookings answer.

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
from collections.abc import AsyncIterator, Iterator
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
from bench.filling import BOOKINGS, WARNED, Filled, fill
from config import Settings
from db.migrate import upgrade
from dev.postgres import Postgres
from tests.api.marketplace import token
from tests.portal.browser import Browser

BUDGET_MILLISECONDS = 50.0
_WARM_UP = 20
_DATABASE = "bench"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A list, and who reads it. `deep` is a place far behind its beginning, if it has any.

    A page of the portal is asked for with a session, not a token.
    """

    name: str
    role: str
    path: str
    query: dict[str, str]
    deep: str | None = None

    def address(self, after: str | None = None) -> str:
        """What is asked for, from a place on."""
        query = self.query | ({"after": cursor(after)} if after else {})
        return f"{self.path}?{urlencode(query)}" if query else self.path


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How long a list took, in milliseconds: its first page, and the deep one, asked in turn.

    `cpu` is what this process alone spent on one request, both ends of the connection included: it
    says how slow the list is on a machine that is busy with something else.
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
    kilobytes: float

    @property
    def deep_ratio(self) -> float | None:
        """How many times as long the deep page takes."""
        return round(self.deep_p50 / self.p50, 2) if self.deep_p50 else None


def cases(filled: Filled) -> list[Case]:
    """The lists that are measured."""
    return [*_bookings(filled), *_searches(filled), *_others(filled)]


def _bookings(filled: Filled) -> Iterator[Case]:
    everything, busy = filled.booking_ids, filled.busy_ids
    for what, path in (("API", "/v1/bookings"), ("portal", "/bookings")):
        for role, ids in (("provider", busy), ("support", everything), ("client", everything)):
            for name, place in (("half way", ids[len(ids) // 2]), ("far end", ids[100])):
                yield Case(name=f"{what}, {name}", role=role, path=path, query={}, deep=place)
            for state in ("confirmed", "completed"):
                query = {"state": state}
                yield Case(
                    name=f"{what}, {state}", role=role, path=path, query=query, deep=ids[100]
                )


def _searches(filled: Filled) -> Iterator[Case]:
    everything, busy = filled.booking_ids, filled.busy_ids
    for role, q, state in (
        ("provider", "Number 77", ""),
        ("provider", "number", ""),
        ("provider", "endgames", ""),
        ("provider", "endgames", "pending"),
        ("provider", "e", ""),
        ("provider", "nobody", ""),
        ("client", "watercolours", ""),
        ("client", "number", ""),
        ("support", "Number 77", ""),
        ("support", "number", ""),
        ("support", "number", "pending"),
        ("support", "endgames", ""),
        ("support", "e", ""),
        ("support", "nobody", ""),
        ("support", everything[-1], ""),
    ):
        words = q if len(q) < 20 else "an id"  # noqa: PLR2004
        yield Case(
            name=f"bookings, search: {words} {state}".strip(),
            role=role,
            path="/bookings",
            query={"q": q} | ({"state": state} if state else {}),
            deep=(busy if role == "provider" else everything)[100],
        )


def _others(filled: Filled) -> Iterator[Case]:
    last_provider, oldest_topic = "late-9", filled.topic_ids[100]
    for query in (
        {},
        {"status": "good"},
        {"status": "warned"},
        {"status": "suspended"},
        {"q": "number 77"},
        {"q": "number"},
        {"q": "number 77", "status": "good"},
        {"q": "number 77777", "status": "suspended"},
        {"q": "nobody"},
        {"q": "e"},
    ):
        name = f"providers {' '.join(query.values())}".strip()
        yield Case(name=name, role="support", path="/providers", query=query, deep=last_provider)
    for what, path in (("API", "/v1/topics"), ("portal", "/browse")):
        for q in ("", "endgames", "late-777", "nobody", "e"):
            name = f"{what}, topics {q}".strip()
            query = {"q": q} if q else {}
            yield Case(name=name, role="client", path=path, query=query, deep=oldest_topic)
    yield Case(name="own topics", role="provider", path="/topics", query={})
    for role, ids in (("provider", filled.own_conversations), ("support", filled.conversation_ids)):
        yield Case(name="messages", role=role, path="/messages", query={}, deep=ids[100])
    yield Case(name="queues", role="support", path="/queues", query={})


async def measure(settings: Settings, filled: Filled, requests: int) -> list[Measured]:
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
                found.append(await _measured(http, case, requests))
                _tell(found[-1])
        return found


async def _measured(http: httpx.AsyncClient, case: Case, requests: int) -> Measured:
    addresses = [case.address()] + ([case.address(case.deep)] if case.deep else [])
    took: dict[str, list[float]] = {address: [] for address in addresses}
    spent = 0.0
    size = 0
    for number in range(_WARM_UP + requests):
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
        kilobytes=round(size / 1024, 1),
    )


def _p95(took: list[float]) -> float:
    return round(statistics.quantiles(took, n=20)[-1], 1)


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
    shown = [row.p50, row.p95, row.worst, *deep, row.cpu, row.kilobytes]
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
            columns = ("p50", "p95", "worst", "deep p50", "p95", "ratio", "cpu", "kB")
            print(f"{'milliseconds':<50}{''.join(f'{each:>8}' for each in columns)}")
            found = asyncio.run(measure(Settings(database_url=url), filled, given.requests))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    slowest = max(found, key=lambda row: row.p95)
    print(f"Slowest at the 95th percentile: {slowest.name}, {slowest.role}: {slowest.p95} ms")
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
