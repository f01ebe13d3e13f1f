"""What is owed and has lost its point is superseded where that is recorded, and never sent."""

from __future__ import annotations

from sqlalchemy import func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.recording import record_booking
from db.schema import notices
from domain.booking import commands as do
from domain.booking.commands import BookingCommand
from domain.booking.deadlines import next_deadline
from domain.booking.decide import elapse
from domain.booking.state import Initiator
from domain.notices.ledger import Channel, NoticeState
from domain.party import Party
from tests.db.player import SOON, SUPPORT, PlayedBooking, in_days, requested

Ledger = dict[tuple[str, str], tuple[str, str | None]]


async def _owe_all_by_mail(engine: AsyncEngine) -> None:
    """As if everybody wanted everything by e-mail: what the inbox has is owed by mail too."""
    mailed = func.replace(notices.c.source, Channel.INBOX, Channel.EMAIL)
    columns = [it for it in notices.c if it.name not in {"id", "channel", "state", "source"}]
    made = select(
        func.concat(notices.c.id, "-mail"),
        literal(Channel.EMAIL),
        literal(NoticeState.OWED),
        mailed,
        *columns,
    ).where(
        notices.c.channel == Channel.INBOX,
        notices.c.state == NoticeState.SENT,
        mailed.not_in(select(notices.c.source).scalar_subquery()),
    )
    async with engine.begin() as conn:
        names = ["id", "channel", "state", "source", *(it.name for it in columns)]
        await conn.execute(insert(notices).from_select(names, made))


async def _mails(engine: AsyncEngine) -> Ledger:
    async with engine.connect() as conn:
        found = await conn.execute(select(notices).where(notices.c.channel == Channel.EMAIL))
        return {(row.kind, row.recipient_role): (row.state, row.reason) for row in found}


async def _give(played: PlayedBooking, command: BookingCommand, by: Party) -> None:
    await played.give(command, by)
    await _owe_all_by_mail(played.engine)


async def _confirmed(engine: AsyncEngine) -> PlayedBooking:
    played = await requested(engine, in_days(10))
    await _owe_all_by_mail(engine)
    await _give(played, do.Confirm(start=in_days(10)), played.provider)
    return played


def _amended(days: float) -> do.ApproveReschedule:
    return do.ApproveReschedule(start=in_days(days), initiated_by=Initiator.SUPPORT)


async def test_a_request_that_is_answered_needs_no_mail_about_it(engine: AsyncEngine) -> None:
    await _confirmed(engine)
    assert await _mails(engine) == {
        ("booking.requested", "provider"): ("superseded", "What it asks for has been answered."),
        ("booking.confirmed", "provider"): ("owed", None),
        ("booking.confirmed", "client"): ("owed", None),
    }


async def test_of_two_amendments_in_a_row_the_last_is_told(engine: AsyncEngine) -> None:
    played = await _confirmed(engine)
    await _give(played, _amended(11), SUPPORT)
    mails = await _mails(engine)
    assert mails["booking.confirmed", "client"] == ("superseded", "The date was amended.")
    assert mails["booking.rescheduled", "client"] == ("owed", None)
    await played.give(_amended(12), SUPPORT)
    mails = await _mails(engine)
    assert mails["booking.rescheduled", "client"] == ("superseded", "The date was amended.")
    assert mails["booking.rescheduled", "provider"] == ("superseded", "The date was amended.")
    await _owe_all_by_mail(engine)
    async with engine.connect() as conn:
        owed = await conn.execute(
            select(notices.c.kind, notices.c.session_start).where(notices.c.state == "owed")
        )
        assert {tuple(row) for row in owed} == {("booking.rescheduled", in_days(12))}


async def test_a_cancellation_is_told_in_any_case(engine: AsyncEngine) -> None:
    played = await _confirmed(engine)
    await _give(played, do.AskCancel(reason="Ill."), played.provider)
    await _give(played, do.Cancel(reason="They asked."), played.client)
    mails = await _mails(engine)
    closed = ("superseded", "The booking is cancelled.")
    assert mails.pop(("booking.requested", "provider"))[0] == "superseded"
    assert mails == {
        ("booking.confirmed", "provider"): closed,
        ("booking.confirmed", "client"): closed,
        ("cancellation.asked", "client"): closed,
        ("booking.cancelled", "client"): ("owed", None),
        ("booking.cancelled", "provider"): ("owed", None),
    }


async def test_a_reminder_of_a_booking_that_is_over_is_superseded(engine: AsyncEngine) -> None:
    played = await _confirmed(engine)
    while (deadline := next_deadline(played.booking)) is not None:
        await played.record(elapse(played.booking, deadline, deadline.at), deadline.kind)
        await _owe_all_by_mail(engine)
    mails = await _mails(engine)
    assert mails["late-window-opens", "provider"] == ("superseded", "The booking is completed.")
    assert mails["session-starts", "client"] == ("superseded", "The booking is completed.")
    assert mails["booking.completed", "client"] == ("owed", None)


async def test_an_amendment_leaves_alone_what_speaks_of_no_date(engine: AsyncEngine) -> None:
    played = await _confirmed(engine)
    await _give(played, do.AskCancel(reason="Ill."), played.provider)
    await played.give(_amended(11), SUPPORT)
    assert (await _mails(engine))["cancellation.asked", "client"] == ("owed", None)


async def test_what_was_sent_stays_sent(engine: AsyncEngine) -> None:
    played = await _confirmed(engine)
    async with engine.begin() as conn:
        await conn.execute(
            notices.update().where(notices.c.state == "owed").values(state=NoticeState.SENT)
        )
    await played.give(_amended(11), SUPPORT)
    assert (await _mails(engine))["booking.confirmed", "client"] == ("sent", None)


async def test_a_repetition_is_told_what_is_owed_still(engine: AsyncEngine) -> None:
    played = await _confirmed(engine)
    again = await record_booking(engine, played.records[-1], within=SOON)
    assert again.instead is None
    assert [owed.summary for owed in again.owed] == [
        "e-mail booking.confirmed to provider ada",
        "e-mail booking.confirmed to client carl",
    ]
