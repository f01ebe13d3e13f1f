"""Every late event of a provider, page by page, beside the standing that carries the newest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from db.recording import record_standing
from domain.lateness import LateKind
from domain.standing import commands as do
from domain.standing.decide import begin, decide
from domain.standing.events import StandingEvent
from domain.standing.evolve import evolve_all
from domain.standing.fold import CARRIED
from domain.standing.record import StandingRecord
from tests.api.marketplace import Marketplace, ok

EVENTS = CARRIED + 7
BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def _on_record(engine: AsyncEngine, provider_id: str) -> None:
    standing = begin(provider_id, BEGUN)
    events: list[StandingEvent] = []
    for number in range(EVENTS):
        report = do.ReportLateEvent(
            id=f"event-{number}",
            booking_id=f"booking-{number}",
            kind=LateKind.CANCELLATION,
            scheduled_start=BEGUN + timedelta(days=1),
            initiated_at=BEGUN,
        )
        decided = decide(standing, report, BEGUN)
        assert isinstance(decided, tuple)
        standing = evolve_all(standing, decided)
        events += decided
    record = StandingRecord(number=1, standing=standing, first_seq=1, events=tuple(events))
    await record_standing(engine, record, within=timedelta(seconds=30))


async def test_all_are_listed_and_the_standing_counts_them(
    market: Marketplace, market_engine: AsyncEngine
) -> None:
    provider = market.provider()
    path = f"/v1/providers/{provider.id}"
    assert ok(await provider.get(f"{path}/late-events")) == {"items": [], "next": None}
    await _on_record(market_engine, provider.id)

    standing = ok(await provider.get(f"{path}/standing"))
    assert standing["late_cancellations"] == standing["events_in_all"] == EVENTS
    assert len(standing["events"]) == CARRIED

    found = []
    after: dict[str, str] = {}
    while True:
        page = ok(await provider.get(f"{path}/late-events", limit=20, **after))
        found += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [event["id"] for event in found] == [f"event-{n}" for n in reversed(range(EVENTS))]
    assert all(event["counts"] for event in found)
    carried = {event["id"]: event for event in standing["events"]}
    assert all(carried.get(event["id"], event) == event for event in found)
