"""Writing down what was decided about a provider's standing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.documents import (
    booking_document,
    booking_from,
    standing_document,
    standing_event_document,
    standing_event_from,
    standing_from,
)
from db.recording import late_events, notices
from db.recording.journal import Happened, Journal
from db.recording.owed import still_owed
from db.recording.repetition import past
from db.recording.transaction import RecordingGapError, require_no_gap, transaction
from db.schema import bookings, standings
from db.stores.people import note_standing
from domain.booking.state import Booking, Fault
from domain.notices.ledger import Owed
from domain.record import Subject
from domain.standing.events import ClaimDismissed, ClaimUpheld
from domain.standing.record import StandingRecord, StandingRecorded


async def record_standing(
    engine: AsyncEngine, record: StandingRecord, *, within: timedelta, mail: bool = False
) -> StandingRecorded:
    """Writes a standing's decision down, whole or not at all, and once however often it is asked.

    Answers with what is owed in consequence, to services and, if `mail` is sent, to people.
    It is never refused. A record whose number was used before changes nothing, and is told what is
    written down instead, if it is not itself. Raises RecordingGapError, TimeoutError, or the
    database's own error.
    """
    async with transaction(engine, within) as conn:
        if not await _advanced(conn, record):
            return await _repeated(conn, record)
        return StandingRecorded(owed=await _write_what_follows(conn, record, mail=mail))


async def _repeated(conn: AsyncConnection, record: StandingRecord) -> StandingRecorded:
    provider_id = record.standing.provider_id
    found = await past(
        conn,
        Subject.STANDING,
        provider_id,
        first_seq=record.first_seq,
        entries=record.entries,
    )
    owed = await still_owed(conn, Subject.STANDING, provider_id)
    if found.holds(record.entries):
        return StandingRecorded(owed=owed)
    row = (
        await conn.execute(select(standings).where(standings.c.provider_id == provider_id))
    ).one()
    return StandingRecorded(
        owed=owed,
        instead=StandingRecord(
            number=row.recording,
            standing=standing_from(row.document),
            first_seq=record.first_seq,
            events=tuple(standing_event_from(event) for event in found.events),
            entries=found.entries,
            refused=row.refused,
        ),
    )


async def _advanced(conn: AsyncConnection, record: StandingRecord) -> bool:
    """Whether this record is the next one, and is now the standing's newest."""
    provider_id = record.standing.provider_id
    if record.number == 1:
        made = await conn.execute(
            insert(standings)
            .values(provider_id=provider_id, **row_of(record))
            .on_conflict_do_nothing(index_elements=["provider_id"])
            .returning(standings.c.provider_id)
        )
        return made.one_or_none() is not None
    found = await conn.execute(
        select(standings.c.recording)
        .where(standings.c.provider_id == provider_id)
        .with_for_update()
    )
    recording = found.scalar_one_or_none()
    if recording is None:
        raise RecordingGapError(f"standing {provider_id} has a record {record.number}, but no 1")
    if recording >= record.number:
        return False
    require_no_gap(f"standing {provider_id}", recording, record.number)
    await conn.execute(
        update(standings).where(standings.c.provider_id == provider_id).values(row_of(record))
    )
    return True


def row_of(record: StandingRecord) -> dict[str, Any]:
    """What a standing's row says after a recording."""
    standing = record.standing
    return {
        "status": standing.status.value,
        "suspended": standing.suspension is not None,
        "document": standing_document(standing),
        "revision": standing.revision,
        "recording": record.number,
        "refused": record.refused,
        "updated_at": standing.decided_at,
    }


async def _write_what_follows(
    conn: AsyncConnection, record: StandingRecord, *, mail: bool
) -> tuple[Owed, ...]:
    provider_id = record.standing.provider_id
    numbered = list(enumerate(record.events, record.first_seq))
    told = [notices.row_of(notice) for notice in notices.of_standing(provider_id, numbered)]
    webhooks = await journal_of(record).write(conn, told=told)
    await note_standing(conn, provider_id, record.standing.status)
    await late_events.write(conn, provider_id, numbered)
    mails = await notices.mails_for(conn, told, mail=mail)
    for event in record.events:
        if isinstance(event, ClaimUpheld | ClaimDismissed):
            await _settle_fault(conn, event, provider_id)
    return (*mails, *webhooks)


def journal_of(record: StandingRecord) -> Journal:
    """What a recording adds to the standing's timeline and to the feed."""
    provider_id = record.standing.provider_id
    return Journal(
        subject=Subject.STANDING,
        subject_id=provider_id,
        provider_id=provider_id,
        client_id=None,
        events=tuple(
            Happened(
                seq=seq,
                type=event.type,
                at=event.at,
                data=standing_event_document(event),
                booking_id=notices.booking_of(event),
            )
            for seq, event in enumerate(record.events, record.first_seq)
        ),
        entries=record.entries,
    )


async def _settle_fault(
    conn: AsyncConnection, event: ClaimUpheld | ClaimDismissed, provider_id: str
) -> None:
    """Says in the booking whose fault its cancellation was.

    The booking's workflow ended with the cancellation, so that nobody else does.
    """
    found = await conn.execute(
        select(bookings.c.document)
        .where(bookings.c.id == event.booking_id, bookings.c.provider_id == provider_id)
        .with_for_update()
    )
    document = found.scalar_one_or_none()
    # A late event that another service reported may be about a booking of theirs, or name one that
    # is another provider's.
    if document is None:
        return
    booking = booking_from(document)
    settled = with_fault_settled(booking, event)
    if settled is booking:
        return
    await conn.execute(
        update(bookings)
        .where(bookings.c.id == event.booking_id)
        .values(
            document=booking_document(settled),
            revision=settled.revision,
            updated_at=settled.decided_at,
        )
    )


def with_fault_settled(booking: Booking, event: ClaimUpheld | ClaimDismissed) -> Booking:
    """The booking once the claim about its cancellation is settled; itself, if none was open."""
    if booking.cancellation is None or booking.cancellation.fault is not Fault.CLAIMED:
        return booking
    fault = Fault.PROVIDER if isinstance(event, ClaimUpheld) else Fault.CLIENT
    return replace(
        booking,
        cancellation=replace(booking.cancellation, fault=fault),
        revision=booking.revision + 1,
        decided_at=max(booking.decided_at, event.at),
    )
