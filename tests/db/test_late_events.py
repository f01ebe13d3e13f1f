"""Every late event of a standing has a row, which says the same of it as the standing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries.late_events import list_late_events, recall_late_events
from db.schema import standing_late_events
from domain.lateness import LateKind
from domain.party import Party, Role
from domain.policy import Policy
from domain.standing import commands as do
from domain.standing.commands import StandingCommand
from domain.standing.deadlines import DeadlineKind, next_deadline
from domain.standing.fold import CARRIED, Missed, missed, recall
from domain.standing.state import Standing
from tests.db.player import NOW, SUPPORT, PlayedStanding, in_days, untouched

BOOKING_SERVICE = Party(role=Role.SERVICE, id="booking")
ADA = Party(role=Role.PROVIDER, id="ada")


def _late(number: int, *, claimed: bool = False, margin_days: float = 3) -> do.ReportLateEvent:
    return do.ReportLateEvent(
        id=f"e{number}",
        booking_id=f"booking-{number}",
        kind=list(LateKind)[number % 2],
        scheduled_start=NOW + timedelta(days=margin_days, seconds=number),
        initiated_at=NOW + timedelta(seconds=number),
        claimed=claimed,
    )


async def _rows(engine: AsyncEngine) -> dict[str, tuple[object, ...]]:
    async with engine.connect() as conn:
        found = await list_late_events(conn, "ada", limit=1000)
    return {row.event.id: (row.event, row.counts, row.claim) for row in found}


def _as_the_standing_says(standing: Standing) -> dict[str, tuple[object, ...]]:
    claims = {key: replace(claim, note="") for key, claim in standing.claims.items()}
    return {
        event.id: (event, standing.counts(event), claims.get(event.id))
        for event in standing.events.values()
    }


async def _eventful(engine: AsyncEngine, policy: Policy | None = None) -> PlayedStanding:
    """A standing to which everything has happened that can happen to a late event."""
    played = untouched(engine)
    if policy is not None:
        played.standing = replace(played.standing, policy=policy)
    given: list[tuple[StandingCommand, Party]] = [
        *((_late(number), BOOKING_SERVICE) for number in range(6)),
        (_late(6, margin_days=9), BOOKING_SERVICE),
        *((_late(number, claimed=True), BOOKING_SERVICE) for number in (7, 8, 9)),
        (do.SubmitProof(covers=("e0", "e1"), statement="Ill."), ADA),
        (do.ReviewProof(proof_id="proof-1", accept=True), SUPPORT),
        (do.Suspend(reason="Fraud."), SUPPORT),
        (do.Reinstate(reason="None."), SUPPORT),
        (do.ContestClaim(claim_id="e7"), ADA),
        (do.SettleClaim(claim_id="e8", uphold=True), SUPPORT),
        (do.SettleClaim(claim_id="e9", uphold=False), SUPPORT),
        (_late(10), BOOKING_SERVICE),
    ]
    for command, by in given:
        await played.give(command, by)
    return played


async def test_each_row_says_what_the_standing_says(engine: AsyncEngine) -> None:
    played = await _eventful(engine, Policy(window=timedelta(days=2)))
    deadline = next_deadline(played.standing)
    assert deadline is not None
    assert deadline.kind is DeadlineKind.AGE_EVENTS
    await played.pass_by(deadline)
    assert await _rows(engine) == _as_the_standing_says(played.standing)


async def test_they_are_listed_as_they_came_the_newest_first(engine: AsyncEngine) -> None:
    await _eventful(engine)
    async with engine.connect() as conn:
        first = await list_late_events(conn, "ada", limit=4)
        then = await list_late_events(conn, "ada", limit=4, after=first[-1].place)
        assert await list_late_events(conn, "bea", limit=4) == []
    assert [row.event.id for row in (*first, *then)] == [f"e{n}" for n in range(10, 2, -1)]


async def test_what_a_standing_has_folded_is_recalled(engine: AsyncEngine) -> None:
    played = await _eventful(engine)
    for number in range(11, 11 + CARRIED):
        await played.give(_late(number), BOOKING_SERVICE)
    folded = played.standing
    # Folded: excused, settled, and upheld by support.
    for number in (0, 3, 8):
        assert f"e{number}" not in folded.events
        wanted = missed(folded, _late(number))
        assert wanted is not None
        async with engine.connect() as conn:
            found = await recall_late_events(conn, wanted)
        whole = recall(folded, wanted, found)
        told = _as_the_standing_says(whole)[f"e{number}"]
        assert told == (await _rows(engine))[f"e{number}"]
        assert whole.count_in_all() == folded.count_in_all()


async def test_what_a_lost_task_has_recorded_is_not_taken_for_folded(engine: AsyncEngine) -> None:
    """The standing of before does not know of it, and decides on it once more."""
    played = untouched(engine)
    for number in range(CARRIED + 5):
        await played.give(_late(number), BOOKING_SERVICE)
    async with engine.connect() as conn:
        [newest] = await list_late_events(conn, "ada", limit=1)
    before, lost = played.standing, _late(CARRIED + 5)
    await played.give(lost, BOOKING_SERVICE)
    wanted = missed(before, lost)
    assert wanted is not None
    async with engine.connect() as conn:
        found = await recall_late_events(conn, replace(wanted, known=newest.place))
    assert found.events == ()
    assert recall(before, wanted, found) == before


async def test_reinstatement_settles_what_is_not_carried_too(engine: AsyncEngine) -> None:
    played = untouched(engine)
    for number in range(CARRIED + 5):
        await played.give(_late(number), BOOKING_SERVICE)
    await played.give(do.Suspend(reason="Fraud."), SUPPORT)
    await played.give(do.Reinstate(reason="None."), SUPPORT)
    await played.give(_late(CARRIED + 5), BOOKING_SERVICE)
    async with engine.connect() as conn:
        found = await list_late_events(conn, "ada", limit=1000)
    assert [row.event.id for row in found if row.counts] == [f"e{CARRIED + 5}"]
    assert sum(row.event.settled for row in found) == CARRIED + 5


async def test_the_oldest_that_count_are_recalled_first(engine: AsyncEngine) -> None:
    await _eventful(engine)
    wanted = Missed(provider_id="ada", oldest=(LateKind.CANCELLATION,), carried=("e8",), most=1)
    async with engine.connect() as conn:
        found = await recall_late_events(conn, wanted)
    assert [event.id for event in found.events] == ["e10"]


async def test_rows_are_made_of_the_standings_that_were_recorded_without(
    engine: AsyncEngine,
) -> None:
    await _eventful(engine)
    before = await _rows(engine)
    migration = import_module("db.migrations.versions.v0010_standing_late_events")
    async with engine.begin() as conn:
        await conn.execute(delete(standing_late_events))
        await conn.execute(text(migration._FROM_THE_STANDINGS))
    assert await _rows(engine) == before


@pytest.mark.parametrize("days", [1, 4])
async def test_a_claim_that_nobody_contests_counts_in_its_row_too(
    engine: AsyncEngine, days: int
) -> None:
    played = untouched(engine)
    await played.give(_late(1, claimed=True), BOOKING_SERVICE)
    deadline = next_deadline(played.standing)
    assert deadline is not None
    if deadline.at <= in_days(days):
        await played.pass_by(deadline)
    rows = await _rows(engine)
    assert [counts for _, counts, _ in rows.values()] == [days == 4]
