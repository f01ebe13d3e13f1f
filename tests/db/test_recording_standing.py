"""A standing's decision is written down once, with what it means for topics and bookings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries.bookings import get_booking
from db.queries.inbox import list_inbox
from db.queries.standings import get_standing
from db.queries.timelines import newest_of_standing, standing_timeline
from db.queries.topics import TopicStatus, get_topic
from db.recording import RecordingGapError, record_standing
from db.schema import events, notices
from domain.booking import commands as do
from domain.booking.events import LateEventReported
from domain.booking.state import Fault, Initiator
from domain.lateness import LateKind
from domain.party import Party, Role
from domain.standing import commands as standing_do
from domain.standing.deadlines import DeadlineKind, next_deadline
from domain.standing.record import StandingRecorded
from domain.standing.state import Status
from tests.db.player import NOW, SOON, SUPPORT, in_days, new_topic, requested, untouched

BOOKING_SERVICE = Party(role=Role.SERVICE, id="booking")


def _late(number: int, *, claimed: bool = False) -> standing_do.ReportLateEvent:
    return standing_do.ReportLateEvent(
        # Against the order of the alphabet, and of length: the order they came in is neither.
        id="z" * (9 - number),
        booking_id=f"booking-{number}",
        kind=LateKind.CANCELLATION,
        scheduled_start=in_days(3),
        initiated_at=NOW,
        claimed=claimed,
    )


async def test_a_standing_reads_back_as_it_was_decided(engine: AsyncEngine) -> None:
    played = untouched(engine)
    for number in (1, 2, 3):
        await played.give(_late(number), BOOKING_SERVICE)
    async with engine.connect() as conn:
        standing = await get_standing(conn, "ada")
        timeline = await standing_timeline(conn, "ada")
        assert await newest_of_standing(conn, "ada", limit=2) == timeline[-2:]
        assert await newest_of_standing(conn, "ada", limit=3) == timeline
        assert await get_standing(conn, "bea") is None
    assert standing == played.standing
    assert standing.status is Status.CASE_OPEN
    assert list(standing.events) == ["z" * 8, "z" * 7, "z" * 6]
    assert timeline == [entry for record in played.records for entry in record.entries]


async def test_recording_twice_or_late_changes_nothing(engine: AsyncEngine) -> None:
    played = untouched(engine)
    for number in (1, 2, 3):
        await played.give(_late(number), BOOKING_SERVICE)
    for record in played.records:
        assert await record_standing(engine, record, within=SOON) == StandingRecorded()
    async with engine.connect() as conn:
        assert await get_standing(conn, "ada") == played.standing
        numbers = list(await conn.scalars(select(events.c.seq).order_by(events.c.id)))
    assert numbers == list(range(1, played.next_seq))


async def test_a_record_without_its_forerunners_is_not_taken(engine: AsyncEngine) -> None:
    played = untouched(engine)
    await played.give(_late(1), BOOKING_SERVICE)
    before = played.standing
    played.number += 1
    with pytest.raises(RecordingGapError):
        await played.give(_late(2), BOOKING_SERVICE)
    async with engine.connect() as conn:
        assert await get_standing(conn, "ada") == before


async def test_a_suspended_provider_has_suspended_topics(engine: AsyncEngine) -> None:
    topic_id = await new_topic(engine, "ada")
    played = untouched(engine)

    async def status() -> TopicStatus:
        async with engine.connect() as conn:
            topic = await get_topic(conn, topic_id)
        assert topic is not None
        return topic.status

    for number in (1, 2, 3):
        await played.give(_late(number), BOOKING_SERVICE)
    assert await status() is TopicStatus.LISTED
    deadline = next_deadline(played.standing)
    assert deadline is not None
    assert deadline.kind is DeadlineKind.END_PROOF_WINDOW
    await played.pass_by(deadline)
    assert await status() is TopicStatus.SUSPENDED
    await played.give(standing_do.Reinstate(reason="A fresh start."), SUPPORT)
    assert await status() is TopicStatus.LISTED
    async with engine.connect() as conn:
        told = (await conn.execute(select(notices).order_by(notices.c.id))).all()
    assert {(row.recipient_role, row.recipient_id, row.state) for row in told} == {
        ("provider", "ada", "sent")
    }
    assert [(row.kind, row.booking_id) for row in told] == [
        ("standing.warned", None),
        ("standing.warned", None),
        ("case.opened", None),
        ("case.closed", None),
        ("topics.suspended", None),
        ("topics.reinstated", None),
    ]


@pytest.mark.parametrize(("uphold", "fault"), [(True, Fault.PROVIDER), (False, Fault.CLIENT)])
async def test_a_settled_claim_says_in_the_booking_whose_fault_it_was(
    engine: AsyncEngine, uphold: bool, fault: Fault
) -> None:
    booking = await requested(engine, in_days(4))
    await booking.give(do.Confirm(start=in_days(4)), booking.provider)
    cancel = do.Cancel(reason="They asked.", initiated_by=Initiator.PROVIDER)
    await booking.give(cancel, booking.client)
    (reported,) = (
        event for event in booking.records[-1].events if isinstance(event, LateEventReported)
    )
    played = untouched(engine)
    await played.give(
        standing_do.ReportLateEvent(
            id=reported.id,
            booking_id=booking.booking.id,
            kind=reported.kind,
            scheduled_start=reported.scheduled_start,
            initiated_at=reported.initiated_at,
            claimed=reported.claimed,
        ),
        BOOKING_SERVICE,
    )
    settle = standing_do.SettleClaim(claim_id=reported.id, uphold=uphold)
    await played.give(settle, SUPPORT)
    # Its workflow may still tell somebody, and refuses what comes meanwhile.
    settled_revision = booking.booking.revision + 1
    await booking.refuse()
    async with engine.connect() as conn:
        row = await get_booking(conn, booking.booking.id)
        about = select(events.c.type).where(
            events.c.subject == "standing", events.c.booking_id == booking.booking.id
        )
        types = set(await conn.scalars(about))
    assert row is not None
    assert row.booking.cancellation is not None
    assert row.booking.cancellation.fault is fault
    assert (row.booking.revision, row.refused) == (settled_revision, 1)
    settled = "claim.upheld" if uphold else "claim.dismissed"
    assert types == {"claim.opened", "late-event.recorded", settled}


async def test_a_claim_about_a_booking_elsewhere_is_settled_all_the_same(
    engine: AsyncEngine,
) -> None:
    played = untouched(engine)
    await played.give(_late(1, claimed=True), BOOKING_SERVICE)
    settle = standing_do.SettleClaim(claim_id=_late(1).id, uphold=True)
    await played.give(settle, SUPPORT)
    async with engine.connect() as conn:
        assert await get_standing(conn, "ada") == played.standing


async def test_a_claim_against_somebody_else_settles_nothing_in_a_booking(
    engine: AsyncEngine,
) -> None:
    booking = await requested(engine, in_days(4))
    await booking.give(do.Confirm(start=in_days(4)), booking.provider)
    cancel = do.Cancel(reason="They asked.", initiated_by=Initiator.PROVIDER)
    await booking.give(cancel, booking.client)
    other = untouched(engine, "bea")
    await other.give(
        replace(_late(1, claimed=True), booking_id=booking.booking.id), BOOKING_SERVICE
    )
    settle = standing_do.SettleClaim(claim_id=_late(1).id, uphold=True)
    await other.give(settle, SUPPORT)
    async with engine.connect() as conn:
        row = await get_booking(conn, booking.booking.id)
        told = await list_inbox(conn, Party(role=Role.PROVIDER, id="bea"), limit=9)
    assert row is not None
    assert row.booking == booking.booking
    assert told
    assert not any(notice.booking or notice.named for notice in told)
