"""What is owed of what was recorded: what has lost its point, and what is still to be delivered."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.ledger import owed_of
from db.queries.bookings import get_booking
from db.schema import bookings, events, notices
from domain.booking.state import Booking
from domain.notices.kinds import pointless
from domain.notices.ledger import Channel, NoticeState, Owed
from domain.record import Subject

AMENDED = "The date was amended."
ANSWERED = "What it asks for has been answered."
"""Why notices of a booking that is not closed were superseded."""

# A webhook tells of what has happened: that is so, whatever has happened since.
_CAN_LOSE_ITS_POINT = and_(
    notices.c.state == NoticeState.OWED, notices.c.channel != Channel.WEBHOOK
)


def something_owed() -> ColumnElement[bool]:
    """Whether a notice of a booking is owed that could be superseded.

    To be asked where the booking's row is read anyway, so that a recording costs no statement more
    where there is none.
    """
    return exists(
        select(notices.c.id).where(notices.c.booking_id == bookings.c.id, _CAN_LOSE_ITS_POINT)
    )


async def supersede(conn: AsyncConnection, booking: Booking) -> None:
    """Ends every notice that is owed of a booking, and has no point now that it is as it is.

    Done before what is owed by this recording is written. A notice that an outlet has begun to send
    in this very moment goes out, and is then sent.
    """
    start = booking.scheduled_start
    of_another_date = and_(
        notices.c.session_start.is_not(None), notices.c.session_start.is_distinct_from(start)
    )
    if booking.closed:
        reason: ColumnElement[str] | str = f"The booking is {booking.state}."
    else:
        reason = case((of_another_date, AMENDED), else_=ANSWERED)
    await conn.execute(
        update(notices)
        .where(
            notices.c.booking_id == booking.id,
            _CAN_LOSE_ITS_POINT,
            or_(of_another_date, notices.c.kind.in_(pointless(booking))),
        )
        .values(state=NoticeState.SUPERSEDED, reason=reason, ended_at=func.now())
    )


async def supersede_by_the_record(conn: AsyncConnection, booking_id: str) -> None:
    """Ends every notice of a booking that has no point by what is on record of it.

    Nothing is recorded of the booking until the transaction ends.
    """
    await conn.execute(
        select(bookings.c.id).where(bookings.c.id == booking_id).with_for_update(read=True)
    )
    found = await get_booking(conn, booking_id)
    if found is not None:
        await supersede(conn, found.booking)


async def still_owed(conn: AsyncConnection, subject: Subject, subject_id: str) -> tuple[Owed, ...]:
    """All that has yet to be delivered of what was recorded of a booking or of a standing.

    For a workflow that lost the task in which it was told: what is under way already is named
    too, and known by its id.
    """
    its_events = select(events.c.id).where(
        events.c.subject == subject, events.c.subject_id == subject_id
    )
    found = await conn.execute(
        select(notices)
        .where(
            notices.c.state == NoticeState.OWED,
            or_(
                # As a range: what LIKE would take for a pattern may be part of an id.
                and_(
                    notices.c.source > f"{subject}/{subject_id}/",
                    notices.c.source < f"{subject}/{subject_id}0",
                ),
                notices.c.event_id.in_(its_events),
            ),
        )
        .order_by(notices.c.id)
    )
    return tuple(owed_of(row) for row in found)
