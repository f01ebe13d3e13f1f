"""The ledger of notices: who is to be told what, once each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.ids import new_id
from db.recording.mail_owed import owe_mail
from db.schema import notices
from domain.booking import events as happened
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.notices.kinds import kind_of
from domain.notices.ledger import Channel, NoticeState, Owed
from domain.party import SUPPORT_DESK, Party, Role
from domain.standing import events as standing_happened
from domain.standing.events import StandingEvent


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing that somebody is told, or is not told for a `reason`.

    `source` names the event that it comes from.
    """

    to: Party
    kind: str
    booking_id: str | None
    provider_id: str | None
    booking_revision: int | None
    due_at: datetime
    source: str
    session_start: datetime | None = None
    reason: str | None = None


def of_booking(booking: Booking, numbered: Iterable[tuple[int, BookingEvent]]) -> Iterator[Notice]:
    """Whom the events of a booking concern."""
    for seq, event in numbered:
        name: str = event.type
        told, due_at, reason = kind_of(name).told, event.at, None
        if isinstance(event, happened.ReminderSent | happened.ReminderSkipped):
            told, due_at = event.reminder.to, event.reminder.due_at
            name = event.reminder.kind.value
            reason = event.why if isinstance(event, happened.ReminderSkipped) else None
        session_start = booking.scheduled_start if kind_of(name).dated else None
        for role in told:
            yield Notice(
                to=Party(role=role, id=booking.party_id(role) or SUPPORT_DESK.id),
                kind=name,
                booking_id=booking.id,
                provider_id=booking.provider_id,
                booking_revision=booking.revision,
                due_at=due_at,
                source=f"booking/{booking.id}/{seq}",
                session_start=session_start,
                reason=reason,
            )


def of_standing(
    provider_id: str, numbered: Iterable[tuple[int, StandingEvent]]
) -> Iterator[Notice]:
    """Whom the events of a standing concern."""
    for seq, event in numbered:
        for role in kind_of(event.type).told:
            yield Notice(
                to=Party(role=role, id=provider_id if role is Role.PROVIDER else SUPPORT_DESK.id),
                kind=event.type,
                booking_id=booking_of(event),
                provider_id=provider_id,
                booking_revision=None,
                due_at=event.at,
                source=f"standing/{provider_id}/{seq}",
            )


def booking_of(event: StandingEvent) -> str | None:
    """The booking that an event of a standing is about, where it is about one."""
    match event:
        case standing_happened.LateEventRecorded(event=late):
            return late.booking_id
        case standing_happened.ClaimOpened(claim=claim):
            return claim.booking_id
        case (
            standing_happened.ClaimContested()
            | standing_happened.ClaimUpheld()
            | standing_happened.ClaimDismissed()
        ):
            return event.booking_id
        case _:
            return None


async def write(conn: AsyncConnection, found: Iterable[Notice], *, mail: bool) -> list[Owed]:
    """Puts notices of what is no recording into the ledger, where the inbox has them at once.

    The result is what is owed by e-mail, where `mail` says that mail is sent.
    """
    rows = [row_of(notice) for notice in found]
    if rows:
        await conn.execute(insert(notices), rows)
    return await mails_for(conn, rows, mail=mail)


async def mails_for(
    conn: AsyncConnection, rows: Sequence[dict[str, Any]], *, mail: bool
) -> list[Owed]:
    """What is owed by e-mail of notices that the inbox has, where `mail` says that mail is sent."""
    told = [row for row in rows if row["state"] is NoticeState.SENT]
    return await owe_mail(conn, told) if mail and told else []


def row_of(notice: Notice) -> dict[str, Any]:
    """A notice as the inbox has it."""
    return {
        "id": new_id(),
        "recipient_role": notice.to.role.value,
        "recipient_id": notice.to.id,
        "kind": notice.kind,
        "channel": Channel.INBOX,
        "booking_id": notice.booking_id,
        "provider_id": notice.provider_id,
        "booking_revision": notice.booking_revision,
        "due_at": notice.due_at,
        "session_start": notice.session_start,
        "state": NoticeState.SKIPPED if notice.reason else NoticeState.SENT,
        "reason": notice.reason,
        "source": f"{notice.source}/{notice.to.role}/{Channel.INBOX}",
    }
