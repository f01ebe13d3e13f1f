"""What is overdue is found page by page, with all who may be delivering it all the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries import overdue
from db.queries.overdue import Overdue, overdue_notices, state_of
from db.recording.owed import supersede_by_the_record
from db.schema import notices
from domain.booking import commands as do
from domain.notices.ledger import LONGEST_WAIT, OVERDUE_AFTER, Channel, NoticeState
from domain.party import Role
from domain.record import Subject
from domain.standing import commands as standing_do
from tests.db.endpoints import endpoint
from tests.db.player import NOW, SUPPORT, in_days, requested, untouched

MOMENT = timedelta(seconds=1)
LATER = datetime.max.replace(tzinfo=NOW.tzinfo)


async def _owed(engine: AsyncEngine, notice_id: str, **others: Any) -> None:
    values: dict[str, Any] = {
        "id": notice_id,
        "recipient_role": Role.CLIENT,
        "recipient_id": "carl",
        "kind": "booking.confirmed",
        "channel": Channel.EMAIL,
        "due_at": NOW,
        "created_at": NOW,
        "state": NoticeState.OWED,
        "source": f"test/{notice_id}",
    }
    async with engine.begin() as conn:
        await conn.execute(insert(notices).values(values | others))


async def _found(engine: AsyncEngine, now: datetime = LATER, **page: Any) -> list[Overdue]:
    async with engine.connect() as conn:
        return await overdue_notices(conn, now, **{"limit": 10, **page})


async def _ids(engine: AsyncEngine, now: datetime = LATER, **page: Any) -> list[str]:
    return [each.owed.id for each in await _found(engine, now, **page)]


@pytest.mark.parametrize(
    ("attempted_at", "since"),
    [(None, NOW), (NOW + MOMENT, NOW + MOMENT + LONGEST_WAIT)],
    ids=["never tried", "tried"],
)
async def test_overdue_is_what_should_have_been_tried_by_now(
    engine: AsyncEngine, attempted_at: datetime | None, since: datetime
) -> None:
    await _owed(engine, "n1", attempted_at=attempted_at)
    assert await _ids(engine, since + OVERDUE_AFTER) == []
    assert await _ids(engine, since + OVERDUE_AFTER + MOMENT) == ["n1"]


@pytest.mark.parametrize("state", [each for each in NoticeState if each is not NoticeState.OWED])
async def test_what_has_ended_is_not_overdue(engine: AsyncEngine, state: NoticeState) -> None:
    await _owed(engine, "n1", state=state)
    assert await _ids(engine) == []
    async with engine.connect() as conn:
        assert await state_of(conn, "n1") is state
        assert await state_of(conn, "n2") is None


async def test_pages_follow_on_each_other(engine: AsyncEngine) -> None:
    for number in range(5):
        await _owed(engine, f"n{number}")
    assert await _ids(engine, limit=2) == ["n0", "n1"]
    assert await _ids(engine, limit=2, after="n1") == ["n2", "n3"]
    assert await _ids(engine, limit=2, after="n3") == ["n4"]


async def test_a_mail_may_be_delivered_by_the_workflow_whose_event_it_tells(
    engine: AsyncEngine,
) -> None:
    await _owed(engine, "n1", source="booking/b1/3/client/email", booking_id="b1")
    await _owed(engine, "n2", source="standing/ada/4/provider/email", booking_id="b2")
    await _owed(engine, "n3")
    first, second, third = await _found(engine)
    assert (first.decided_by, first.booking_id) == (((Subject.BOOKING, "b1"),), "b1")
    assert second.decided_by == ((Subject.STANDING, "ada"),)
    assert (third.decided_by, third.follows_from) == ((), None)
    assert first.owed.summary == "e-mail booking.confirmed to client carl"


async def test_a_webhook_may_be_delivered_by_the_workflow_whose_event_it_carries(
    engine: AsyncEngine,
) -> None:
    await endpoint(engine)
    played = await requested(engine, in_days(4))
    await untouched(engine, "bob").give(standing_do.Suspend(reason="Spam."), SUPPORT)
    found = {each.owed.summary: each for each in await _found(engine)}
    of_booking = next(it for name, it in found.items() if "booking.requested" in name)
    of_standing = next(it for name, it in found.items() if "topics.suspended" in name)
    assert of_booking.decided_by == ((Subject.BOOKING, played.booking.id),)
    assert of_standing.decided_by == ((Subject.STANDING, "bob"),)
    # It tells of what has happened, whatever has happened since.
    assert of_booking.booking_id is None


async def test_what_follows_from_a_delivery_is_made_by_whoever_makes_that(
    engine: AsyncEngine,
) -> None:
    await endpoint(engine)
    played = await requested(engine, in_days(4))
    [message] = await _found(engine)
    source = f"webhook/hook-1/{message.owed.id}/2026-03-02T09:00:00Z/provider/email"
    await _owed(engine, "z", source=source)
    found = {each.owed.id: each for each in await _found(engine)}["z"]
    assert found.follows_from == message.owed.id
    assert found.decided_by == ((Subject.BOOKING, played.booking.id),)


async def test_what_the_record_says_of_a_booking_supersedes(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(4))
    await played.give(do.Confirm(start=in_days(4)), played.provider)
    about = {"booking_id": played.booking.id}
    await _owed(engine, "n1", kind="booking.requested", **about)
    await _owed(engine, "n2", session_start=in_days(3), **about)
    await _owed(engine, "n3", session_start=in_days(4), **about)
    async with engine.begin() as conn:
        await supersede_by_the_record(conn, played.booking.id)
        await supersede_by_the_record(conn, "of-nobody")
    assert await _ids(engine) == ["n3"]


async def test_what_is_owed_is_found_without_reading_the_ledger(engine: AsyncEngine) -> None:
    many = """
        INSERT INTO notices (id, recipient_role, recipient_id, kind, channel, due_at, state, source)
        SELECT 'n' || i, 'client', 'c', 'booking.confirmed', 'email', now(),
               CASE WHEN i % 100 = 0 THEN 'owed' ELSE 'sent' END, 's' || i
          FROM generate_series(1, 20000) i"""
    page = overdue.statement(NOW, limit=200, after="n5").compile(
        dialect=engine.dialect, compile_kwargs={"literal_binds": True}
    )
    async with engine.begin() as conn:
        await conn.execute(text(many))
        await conn.execute(text("ANALYZE notices"))
        plan = "\n".join(await conn.scalars(text(f"EXPLAIN {page}")))
        counted = select(notices.c.id).where(notices.c.state == NoticeState.OWED)
        assert len((await conn.execute(counted)).all()) == 200
    assert "ix_notices_owed_by_id" in plan
    assert "Seq Scan on notices" not in plan
