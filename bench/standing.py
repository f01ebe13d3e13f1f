"""What a provider's standing costs with 10 late events on record, and with 10,000.

Both are asked and told in turn, so that what else the machine does weighs on both alike.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from api.paging import cursor
from bench.benchmark import Benchmark
from bench.latency import quantiles
from db.engine import create_engine
from db.ids import new_id
from db.recording import record_standing
from dev.trial import Trial, trial
from domain.instants import rfc3339
from domain.lateness import LateKind
from domain.party import UNNAMED_SERVICE
from domain.record import Entry
from domain.refusal import Refusal
from domain.standing.commands import ReportLateEvent
from domain.standing.decide import begin, decide
from domain.standing.events import StandingEvent
from domain.standing.evolve import evolve_all
from domain.standing.record import StandingRecord
from domain.workflow_ids import standing_workflow_id
from tests.api.marketplace import token
from workflows.search_attributes import of_provider
from workflows.snapshot import StandingInput

FEW, MANY = 10, 10_000
TARGET_RATIO = 1.5
_WARM_UP = 10
_RECORD = TypeAdapter(StandingRecord)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider, how many late events they have, and how many bytes each recording takes."""

    id: str
    late_events: int
    bytes_a_recording: int


async def on_record(engine: AsyncEngine, late_events: int) -> Provider:
    """A provider whose late events are on record as if they had come one by one."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=400)
    standing, entries = begin(f"p-{new_id()}", began), []
    events: list[StandingEvent] = []
    newest: tuple[StandingEvent, ...] = ()
    for number in range(late_events):
        at = began + timedelta(minutes=10 * number)
        report = ReportLateEvent(
            id=f"{new_id()}/3",
            booking_id=new_id(),
            kind=list(LateKind)[number % 2],
            scheduled_start=at + timedelta(days=1),
            initiated_at=at,
        )
        decided = decide(standing, report, at)
        if isinstance(decided, Refusal):
            raise TypeError(decided)
        newest = decided
        standing = evolve_all(standing, newest)
        events += newest
        entries.append(_line(number + 1, report.name, at))
    record = StandingRecord(
        number=1, standing=standing, first_seq=1, events=tuple(events), entries=tuple(entries)
    )
    await record_standing(engine, record, within=timedelta(minutes=10))
    one_more = StandingRecord(number=2, standing=standing, first_seq=1, events=newest)
    return Provider(
        id=standing.provider_id,
        late_events=late_events,
        bytes_a_recording=len(_RECORD.dump_json(one_more)),
    )


def _line(seq: int, command: str, at: datetime) -> Entry:
    return Entry(
        seq=seq,
        given_at=at,
        handled_at=at,
        by=UNNAMED_SERVICE,
        command=command,
        outcome="applied",
        code=None,
        rule="Late cancellations and late reschedules are counted, each kind by itself.",
        text="On record.",
    )


Act = Callable[[Provider], Awaitable[None]]


async def in_turn(providers: list[Provider], act: Act, samples: int) -> dict[int, dict[str, float]]:
    """How long something takes with each of the providers, in milliseconds."""
    took: dict[int, list[float]] = {each.late_events: [] for each in providers}
    for number in range(_WARM_UP + samples):
        for provider in providers:
            asked = time.perf_counter()
            await act(provider)
            if number >= _WARM_UP:
                took[provider.late_events].append(1000 * (time.perf_counter() - asked))
    return {late_events: quantiles(each) for late_events, each in took.items()}


def _reporting(client: Client) -> Act:
    """One more late event, answered once it is on record."""

    async def report(provider: Provider) -> None:
        now = datetime.now(UTC)
        handle = client.get_workflow_handle(standing_workflow_id(provider.id))
        await handle.execute_update(
            "late-event",
            {
                "id": f"{new_id()}/3",
                "booking_id": new_id(),
                "kind": "cancellation",
                "scheduled_start": rfc3339(now + timedelta(days=1)),
                "initiated_at": rfc3339(now),
            },
        )

    return report


def _asking(http: httpx.AsyncClient, path: str, **query: Any) -> Act:
    async def ask(provider: Provider) -> None:
        answer = await http.get(
            f"/v1/providers/{provider.id}/{path}",
            params=query,
            headers={"Authorization": f"Bearer {token('provider', provider.id)}"},
        )
        answer.raise_for_status()

    return ask


async def measure(stack: Trial, samples: int) -> dict[str, Any]:
    """Puts both providers there, and measures."""
    engine = create_engine(stack.database_url)
    try:
        providers = [await on_record(engine, number) for number in (FEW, MANY)]
    finally:
        await engine.dispose()
    stack.start_workers()
    stack.start_api()
    client = await stack.client()
    for provider in providers:
        await client.start_workflow(
            "ProviderStanding",
            StandingInput(provider_id=provider.id),
            id=standing_workflow_id(provider.id),
            task_queue="bookings",
            search_attributes=of_provider(provider.id),
        )
    async with httpx.AsyncClient(base_url=stack.api_url, timeout=60) as http:
        acts = {
            "GET standing": _asking(http, "standing"),
            "GET late-events, first page": _asking(http, "late-events", limit=10),
            "GET late-events, from the oldest": _asking(
                http, "late-events", limit=10, after=cursor("6")
            ),
            "one more late event": _reporting(client),
        }
        found = {name: await in_turn(providers, act, samples) for name, act in acts.items()}
    for provider in providers:
        print(f"  {provider.late_events:>6,}: {provider.bytes_a_recording:,} bytes a recording")
    for name, times in found.items():
        _tell(name, times)
    return {
        "bytes_a_recording": {each.late_events: each.bytes_a_recording for each in providers},
        "milliseconds": found,
        "target_ratio": TARGET_RATIO,
    }


def _tell(name: str, times: dict[int, dict[str, float]]) -> None:
    few, many = times[FEW], times[MANY]
    ratio = many["p50"] / few["p50"]
    over = "" if ratio <= TARGET_RATIO else "  over target"
    print(
        f"  {name:<34} p50 {few['p50']:>6} and {many['p50']:>6} ms ({ratio:.2f} times), "
        f"p95 {few['p95']:>6} and {many['p95']:>6} ms{over}"
    )


def _run(given: argparse.Namespace) -> dict[str, Any]:
    with trial() as stack:
        return asyncio.run(measure(stack, given.late_samples))


def _options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--late-samples", type=int, default=200, help="how often each is asked")


BENCHMARK = Benchmark(
    about="a provider's standing with 10 late events on record, and with 10,000",
    run=_run,
    add_options=_options,
)
