"""A standing with more late events than it carries: nothing is forgotten, nothing counted twice."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from db.queries.late_events import list_late_events
from domain.standing.fold import CARRIED
from tests.workflows.wire import troubles
from tests.workflows.world import Handle, RefusedError, World, in_days, now, together

EVENTS = CARRIED + 10
INTERLEAVINGS = 4
REPORTS = 12


def _late_event(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"event-{number}",
        "booking_id": f"booking-{number}",
        "kind": "cancellation",
        "scheduled_start": in_days(2),
        "initiated_at": now() - timedelta(seconds=number),
        **fields,
    }


async def _with_many(world: World) -> Handle:
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id)
    for number in range(EVENTS - 1):
        await world.signal(handle, "late-event", **_late_event(number))
    answer = await world.update(handle, "late-event", **_late_event(EVENTS - 1))
    assert answer["events_in_all"] == answer["late_cancellations"] == EVENTS
    assert len(answer["events"]) == CARRIED
    return handle


async def test_what_is_folded_can_come_again_be_proven_and_be_settled(world: World) -> None:
    handle = await _with_many(world)
    provider_id = handle.id.removeprefix("provider-standing/")

    await world.signal(handle, "late-event", **_late_event(0))
    answer = await world.update(handle, "late-event", **_late_event(1))
    assert answer["late_cancellations"] == EVENTS

    proof = {"covers": ["event-0", "event-2"], "statement": "I was in hospital."}
    answer = await world.update(handle, "submit-proof", **proof)
    assert answer["status"] == "under-review"
    answer = await world.update(handle, "review-proof", proof_id="proof-1", accept=True)
    assert answer["late_cancellations"] == EVENTS - 2
    with pytest.raises(RefusedError) as refused:
        await world.update(handle, "submit-proof", **proof)
    assert refused.value.code == "already-excused"
    with pytest.raises(RefusedError) as refused:
        await world.update(handle, "contest-claim", claim_id="event-3")
    assert refused.value.code == "unknown-claim"

    await world.update(handle, "suspend", reason="Enough.")
    answer = await world.update(handle, "reinstate", reason="Amends made.")
    assert (answer["status"], answer["late_cancellations"]) == ("good", 0)
    async with world.engine.connect() as connection:
        rows = await list_late_events(connection, provider_id, limit=2 * EVENTS)
    assert [row.event.id for row in rows] == [f"event-{n}" for n in reversed(range(EVENTS))]
    assert {row.event.id for row in rows if row.event.excused} == {"event-0", "event-2"}
    assert sum(row.event.settled for row in rows) == EVENTS - 2
    assert not any(row.counts for row in rows)
    assert await troubles(handle) == []


async def _interleaved(world: World, seed: int) -> dict[str, Any]:
    """The same reports in an order of their own, every second one twice, some by an update."""
    chance = random.Random(seed)
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id)
    reports = [
        _late_event(
            number,
            kind=("cancellation", "reschedule")[number % 2],
            scheduled_start=in_days(2 if number % 3 else 9),
            claimed=number % 4 == 3,
        )
        for number in range(REPORTS)
    ]
    deliveries = [*reports, *reports[::2]]
    chance.shuffle(deliveries)

    async def deliver(report: dict[str, Any]) -> None:
        if chance.random() < 0.3:
            await world.update(handle, "late-event", **report)
        else:
            await world.signal(handle, "late-event", **report)

    await together((deliver(report) for report in deliveries), at_once=chance.choice((1, 5)))
    await world.until_standing(handle, lambda it: it["events_in_all"] == REPORTS)
    await world.forward(handle, timedelta(days=12))
    found: dict[str, Any] = await world.until_standing(
        handle, lambda it: it["status"] == "suspended"
    )
    assert await troubles(handle) == []
    return found


def _in_the_end(found: dict[str, Any]) -> dict[str, Any]:
    counts = {event["id"]: event["counts"] for event in found["events"]}
    claims = {claim["id"]: claim["status"] for claim in found["claims"]}
    same = ("status", "late_cancellations", "late_reschedules", "events_in_all")
    return {**{name: found[name] for name in same}, "counts": counts, "claims": claims}


async def test_any_interleaving_of_deliveries_ends_in_the_same_standing(world: World) -> None:
    found = await together(_interleaved(world, seed) for seed in range(INTERLEAVINGS))
    first, *others = map(_in_the_end, found)
    assert (first["late_cancellations"], first["late_reschedules"]) == (4, 4)
    assert all(other == first for other in others)
