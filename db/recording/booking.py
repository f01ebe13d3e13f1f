"""Writing down what a booking has decided."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from psycopg.errors import ExclusionViolation, ForeignKeyViolation
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.documents import (
    booking_document,
    booking_event_document,
    booking_event_from,
    booking_from,
    refusal_document,
    refusal_from,
)
from db.recording import cards, notices, slots
from db.recording.beginning import NotBegunError, require_request
from db.recording.journal import Happened, Journal
from db.recording.owed import something_owed, still_owed, supersede
from db.recording.repetition import past
from db.recording.together import Move, Moving
from db.recording.transaction import RecordingGapError, require_no_gap, transaction
from db.schema import bookings, late_events
from domain.booking.events import LateEventReported
from domain.booking.record import BookingRecord, Recorded
from domain.notices.ledger import Owed
from domain.record import Subject

# Built once: to build a statement takes longer than to run it.
_HELD = (
    select(
        bookings.c.recording,
        bookings.c.refusal,
        bookings.c.document,
        bookings.c.refused,
        something_owed().label("owes"),
    )
    .where(bookings.c.id == bindparam("booking_id"))
    .with_for_update()
)
_MOVED = update(bookings).where(bookings.c.id == bindparam("booking_id"))
_MOVING = Moving(
    bookings, "id", "topic_id", "provider_id", "client_id", "state", "revision", "scheduled_start",
    "scheduled_end", "created_at", "updated_at", "during", "held", "document", "recording",
    "refused", "refusal",
)  # fmt: skip
_BEGUN = insert(bookings).on_conflict_do_nothing(index_elements=["id"]).returning(bookings.c.id)


class UnknownTopicError(Exception):
    """A booking was to begin for a topic that does not exist."""


async def record_booking(
    engine: AsyncEngine, record: BookingRecord, *, within: timedelta, mail: bool = False
) -> Recorded:
    """Writes a booking's decision down, whole or not at all, and once however often it is asked to.

    Answers with what is owed in consequence, to services and, if `mail` is sent, to people.

    Answers with the refusal `slot-taken`, and writes nothing of the record, where the decision
    takes a time at which the provider has another session; the same record again gets the same
    answer. The first record is refused where its topic takes no requests. A record whose number
    was used before changes nothing, and is told what is written down instead, if it is not
    itself. All is over when `within` has passed. Raises UnknownTopicError, RecordingGapError,
    TimeoutError, or the database's own error.
    """
    began = time.monotonic()
    try:
        return await _record(engine, record, within, mail)
    except NotBegunError as error:
        return Recorded(refusal=error.refusal)
    except IntegrityError as error:
        if isinstance(error.orig, ForeignKeyViolation) and record.number == 1:
            raise UnknownTopicError(f"there is no topic {record.booking.topic_id}") from error
        if not isinstance(error.orig, ExclusionViolation):
            raise
    # Somebody took the time without asking for it as we do. The transaction is lost with that.
    left = within - timedelta(seconds=time.monotonic() - began)
    return await _record(engine, record, left, mail, known_taken=True)


async def _record(
    engine: AsyncEngine,
    record: BookingRecord,
    within: timedelta,
    mail: bool,
    *,
    known_taken: bool = False,
) -> Recorded:
    async with transaction(engine, within) as conn:
        if record.number == 1 and await _created(conn, record):
            await require_request(conn, record.booking)
            return Recorded(owed=await _write_what_follows(conn, record, mail=mail))
        booking_id = record.booking.id
        row = (await conn.execute(_HELD, {"booking_id": booking_id})).one_or_none()
        if row is None:
            raise RecordingGapError(f"booking {booking_id} has a record {record.number}, but no 1")
        wanted = slots.Wanted(
            before=booking_from(row.document), after=record.booking, now=_handled_at(record)
        )
        if row.recording >= record.number:
            return await _repeated(conn, record, row, wanted)
        require_no_gap(f"booking {booking_id}", row.recording, record.number)
        values: dict[str, Any]
        if _is_erased(wanted):
            # A closed booking whose workflow still tells somebody else, and knows of no erasure:
            # what it refuses is counted, and who sent it is not written down again.
            values = {"recording": record.number, "refused": record.refused}
            await conn.execute(_MOVED, {"booking_id": booking_id, **values})
            return Recorded()
        if not record.events:
            # Refusals change nothing. What was closed is refused all that still comes, by a
            # workflow that does not know whose fault the settling of a claim has made it since.
            record = replace(record, booking=wanted.before)
        refusal = await wanted.refusal(conn, known_taken=known_taken)
        if refusal is not None:
            values = {
                "recording": record.number,
                "refusal": {**refusal_document(refusal), "wanted": wanted.starts},
            }
            await conn.execute(_MOVED, {"booking_id": booking_id, **values})
            return Recorded(refusal=refusal)
        if row.owes:
            await supersede(conn, record.booking)
        move = _MOVING.to({"id": booking_id, **row_of(record), "refusal": None})
        return Recorded(owed=await _write_what_follows(conn, record, mail=mail, move=move))


async def _repeated(
    conn: AsyncConnection, record: BookingRecord, row: Any, wanted: slots.Wanted
) -> Recorded:
    """The answer to a record whose number was used before: the same, or what is there instead."""
    if (
        row.recording == record.number
        and row.refusal
        and row.refusal.get("wanted") == wanted.starts
    ):
        return Recorded(refusal=refusal_from(row.refusal))
    found = await past(
        conn,
        Subject.BOOKING,
        record.booking.id,
        first_seq=record.first_seq,
        entries=record.entries,
    )
    owed = await still_owed(conn, Subject.BOOKING, record.booking.id)
    if found.holds(record.entries):
        return Recorded(owed=owed)
    return Recorded(
        owed=owed,
        instead=BookingRecord(
            number=row.recording,
            booking=booking_from(row.document),
            first_seq=record.first_seq,
            events=tuple(booking_event_from(event) for event in found.events),
            entries=found.entries,
            refused=row.refused,
        ),
    )


async def _created(conn: AsyncConnection, record: BookingRecord) -> bool:
    """Whether the booking is new; if an earlier attempt is under way, once that has ended."""
    made = await conn.execute(_BEGUN, {"id": record.booking.id, **row_of(record)})
    return made.one_or_none() is not None


def row_of(record: BookingRecord) -> dict[str, Any]:
    """What a booking's row says after a recording; logistics are not in it."""
    booking = record.booking
    return {
        "topic_id": booking.topic_id,
        "provider_id": booking.provider_id,
        "client_id": booking.client_id,
        "state": booking.state.value,
        "revision": booking.revision,
        "scheduled_start": booking.scheduled_start,
        "scheduled_end": booking.scheduled_end,
        "created_at": booking.created_at,
        "updated_at": booking.decided_at,
        "during": slots.during(booking),
        "held": slots.held(booking),
        "document": booking_document(booking),
        "recording": record.number,
        "refused": record.refused,
    }


def _is_erased(wanted: slots.Wanted) -> bool:
    """Whether a party was erased since the booking closed: on record there are other names."""
    return wanted.before.parties != wanted.after.parties


def _handled_at(record: BookingRecord) -> datetime:
    return max((entry.handled_at for entry in record.entries), default=record.booking.decided_at)


async def _write_what_follows(
    conn: AsyncConnection, record: BookingRecord, *, mail: bool, move: Move | None = None
) -> tuple[Owed, ...]:
    """The timeline and the feed, late events, cards and notices; the result is what is owed.

    The conversation's row, which the chat writes too, is taken late: it is held for the shortest.
    """
    booking = record.booking
    numbered = list(enumerate(record.events, record.first_seq))
    told = [notices.row_of(notice) for notice in notices.of_booking(booking, numbered)]
    await _write_late_events(conn, record)
    webhooks = await journal_of(record).write(
        conn,
        told=told,
        cards=cards.of_booking(booking, numbered, record.entries),
        move=move,
    )
    mails = await notices.mails_for(conn, told, mail=mail)
    return (*mails, *webhooks)


def journal_of(record: BookingRecord) -> Journal:
    """What a recording adds to the booking's timeline and to the feed."""
    booking = record.booking
    return Journal(
        subject=Subject.BOOKING,
        subject_id=booking.id,
        provider_id=booking.provider_id,
        client_id=booking.client_id,
        events=tuple(
            Happened(
                seq=seq,
                type=event.type,
                at=event.at,
                data=booking_event_document(event),
                booking_id=booking.id,
            )
            for seq, event in enumerate(record.events, record.first_seq)
        ),
        entries=record.entries,
    )


async def _write_late_events(conn: AsyncConnection, record: BookingRecord) -> None:
    rows = late_event_rows(record)
    if rows:
        await conn.execute(insert(late_events), rows)


def late_event_rows(record: BookingRecord) -> list[dict[str, Any]]:
    """What a recording adds to the record of late events."""
    return [
        {
            "id": event.id,
            "booking_id": record.booking.id,
            "provider_id": record.booking.provider_id,
            "kind": event.kind.value,
            "scheduled_start": event.scheduled_start,
            "initiated_at": event.initiated_at,
            "claimed": event.claimed,
            "reported_at": event.at,
        }
        for event in record.events
        if isinstance(event, LateEventReported)
    ]
