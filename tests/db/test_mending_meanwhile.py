"""What was recorded, settled or erased since something was compared is not undone by mending it."""

from __future__ import annotations

import pytest
from sqlalchemy import Text, cast, delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.personal.erasing import erase
from db.queries.bookings import get_booking
from db.repair.comparing import Compared, compare
from db.repair.expected import Expected, expected_of_booking
from db.repair.mending import MovedOnError, mend
from db.schema import bookings, decisions, events
from domain.account import Account, Recording
from domain.booking import commands as do
from domain.booking.state import Booking, Fault, Initiator
from domain.party import A_BOOKING
from domain.standing import commands as of_standing
from tests.db.player import SUPPORT, PlayedBooking, claim_about, in_days, requested, untouched


def _expected(played: PlayedBooking) -> Expected:
    """What its workflow says."""
    recordings = tuple(
        Recording(
            number=each.number,
            revision=each.booking.revision,
            first_seq=each.first_seq,
            events=each.events,
            entries=each.entries,
        )
        for each in played.records
    )
    account = Account(
        state=played.booking,
        number=played.number,
        lines=played.next_line - 1,
        events=played.next_seq - 1,
        refused=played.refused,
        recordings=recordings,
    )
    return expected_of_booking(account, played.booking)


async def _compared(played: PlayedBooking, expected: Expected) -> Compared:
    async with played.engine.connect() as conn:
        return await compare(conn, expected)


async def _claimed(engine: AsyncEngine) -> PlayedBooking:
    """A booking that the client has cancelled, by the provider's wish as they say."""
    played = await requested(engine, in_days(3))
    await played.give(do.Confirm(start=in_days(3)), played.provider)
    await played.give(do.Cancel(reason="Ill.", initiated_by=Initiator.PROVIDER), played.client)
    return played


async def _lose_the_last_line(engine: AsyncEngine) -> None:
    async with engine.begin() as conn:
        newest = select(func.max(decisions.c.seq)).scalar_subquery()
        await conn.execute(delete(decisions).where(decisions.c.seq == newest))


async def _booking(played: PlayedBooking) -> Booking:
    async with played.engine.connect() as conn:
        row = await get_booking(conn, played.booking.id)
    assert row is not None
    return row.booking


async def test_what_is_lost_is_written_again(engine: AsyncEngine) -> None:
    played = await _claimed(engine)
    expected = _expected(played)
    assert (await _compared(played, expected)).differences == ()
    await _lose_the_last_line(engine)
    seen = await _compared(played, expected)
    done = await mend(engine, expected, seen=seen)
    assert done.mended == seen.differences != ()
    assert (await _compared(played, expected)).differences == ()
    with pytest.raises(MovedOnError):
        await mend(engine, expected, seen=seen)


async def test_a_claim_that_was_settled_since_stays_settled(engine: AsyncEngine) -> None:
    played = await _claimed(engine)
    standing = untouched(engine)
    claim = claim_about(played)
    await standing.give(claim, A_BOOKING)
    await _lose_the_last_line(engine)
    expected = _expected(played)
    seen = await _compared(played, expected)
    settle = of_standing.SettleClaim(claim_id=claim.id, uphold=True, note="So it was.")
    await standing.give(settle, SUPPORT)
    with pytest.raises(MovedOnError):
        await mend(engine, expected, seen=seen)
    cancellation = (await _booking(played)).cancellation
    assert cancellation is not None
    assert cancellation.fault is Fault.PROVIDER


async def test_who_was_erased_since_stays_erased(engine: AsyncEngine) -> None:
    played = await _claimed(engine)
    await _lose_the_last_line(engine)
    expected = _expected(played)
    seen = await _compared(played, expected)
    await erase(engine, played.client)
    with pytest.raises(MovedOnError):
        await mend(engine, expected, seen=seen)
    async with engine.connect() as conn:
        for table in (bookings, decisions, events):
            rows = await conn.scalars(select(cast(func.to_jsonb(table.table_valued()), Text)))
            assert not any(f'"{played.client.id}"' in row for row in rows)
