"""The inbox of the portal: what a person was told, and what of it they have seen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from db.documents import booking_event_from, standing_event_from
from db.ledger import is_for, recipient_of
from db.queries.bookings import BookingRow, get_bookings
from db.queries.headings import BookingHeading, booking_headings
from db.schema import IN_INBOX, UNREAD, events, notices, webhooks
from domain.booking.events import BookingEvent
from domain.notices.about import About, Endpoint
from domain.notices.judgements import bookings_named
from domain.party import Party
from domain.standing.events import StandingEvent

UNREAD_COUNTED = 100
"""Unread notices are counted up to here: more are "99+"."""

Event = BookingEvent | StandingEvent


@dataclass(frozen=True, kw_only=True)
class NoticeRow:
    """A notice, with the booking that it is about as it is now, and the event that it tells of.

    `is_of_standing` tells a notice of a provider's standing from one of a booking. `endpoint` is
    what one about webhooks is about: its address, and why it was disabled. `read_at` is None until
    its recipient has seen it in the portal. `named` are other bookings that the event names.
    """

    id: str
    to: Party
    kind: str
    provider_id: str | None
    is_of_standing: bool
    session_start: datetime | None
    created_at: datetime
    read_at: datetime | None
    booking: BookingRow | None
    event: Event | None
    endpoint: Endpoint | None = None
    named: tuple[BookingHeading, ...] = ()

    def about(self, *, provider: str, client: str) -> About:
        """What is to be said, with its people by the names that they go by."""
        booking = self.booking.booking if self.booking else None
        return About(
            kind=self.kind,
            to=self.to.role,
            provider=provider,
            client=client,
            booking=booking,
            start=self.session_start or (booking.scheduled_start if booking else None),
            event=self.event,
            endpoint=self.endpoint,
        )


async def list_inbox(
    conn: AsyncConnection, who: Party, *, limit: int, after: str | None = None
) -> list[NoticeRow]:
    """A person's notices, newest first, from the one before the notice `after` on."""
    statement = select(notices).where(is_for(who), IN_INBOX)
    if after is not None:
        statement = statement.where(notices.c.id < after)
    found = await conn.execute(statement.order_by(notices.c.id.desc()).limit(limit))
    return await with_contents(conn, found.all())


async def count_unread_notices(conn: AsyncConnection, who: Party) -> int:
    """How many notices a person has not seen, up to `UNREAD_COUNTED`."""
    return int((await conn.execute(unread_statement(who))).scalar_one())


def unread_statement(who: Party) -> Select[int]:
    """What `count_unread_notices` asks; apart from it, so that its plan can be looked at."""
    unread = select(literal(1)).where(is_for(who), UNREAD).limit(UNREAD_COUNTED).subquery()
    return select(func.count()).select_from(unread)


async def with_contents(conn: AsyncConnection, rows: Collection[Row[Any]]) -> list[NoticeRow]:
    """Rows of `notices` with their bookings and events, which are read together."""
    named = {row.booking_id for row in rows if row.booking_id}
    bookings = await get_bookings(conn, named)
    told = await _events_of(conn, {place for row in rows if (place := _place(row.source))})
    headings = await booking_headings(
        conn, {each for event in told.values() for each in bookings_named(event)}
    )
    endpoints = await _endpoints_of(conn, {_endpoint_id(row.source) for row in rows} - {None})
    return [
        NoticeRow(
            id=row.id,
            to=recipient_of(row),
            kind=row.kind,
            provider_id=row.provider_id,
            is_of_standing=row.source.startswith("standing/"),
            session_start=row.session_start,
            created_at=row.created_at,
            read_at=row.read_at,
            booking=_of_the_same(row, bookings.get(row.booking_id)),
            event=told.get(_place(row.source)),
            endpoint=endpoints.get(_endpoint_id(row.source)),
            named=tuple(
                headings[each]
                for each in sorted(bookings_named(told.get(_place(row.source))))
                if each in headings and headings[each].provider_id == row.provider_id
            ),
        )
        for row in rows
    ]


def _of_the_same(row: Row[Any], booking: BookingRow | None) -> BookingRow | None:
    """The booking of a notice, unless it is another provider's.

    What a service reports of a standing names a booking by whatever id it likes.
    """
    if booking is None or booking.booking.provider_id != row.provider_id:
        return None
    return booking


_Place = tuple[str, str, int]


async def _events_of(
    conn: AsyncConnection, places: Collection[_Place]
) -> dict[_Place | None, Event]:
    if not places:
        return {}
    found = await conn.execute(
        select(events.c.subject, events.c.subject_id, events.c.seq, events.c.data).where(
            tuple_(events.c.subject, events.c.subject_id, events.c.seq).in_(places)
        )
    )
    return {(row.subject, row.subject_id, row.seq): _event(row.subject, row.data) for row in found}


def _event(subject: str, data: dict[str, Any]) -> Event:
    return booking_event_from(data) if subject == "booking" else standing_event_from(data)


def _place(source: str) -> _Place | None:
    """Which event a notice comes from: `<subject>/<id>/<number of the event>/…`."""
    subject, subject_id, number, *_ = [*source.split("/"), "", "", ""]
    if subject not in {"booking", "standing"} or not number.isdecimal():
        return None
    return subject, subject_id, int(number)


async def _endpoints_of(
    conn: AsyncConnection, ids: Collection[str | None]
) -> dict[str | None, Endpoint]:
    if not ids:
        return {}
    found = await conn.execute(
        select(
            webhooks.c.id, webhooks.c.url, webhooks.c.disabled_reason, webhooks.c.deleted_at
        ).where(webhooks.c.id.in_(ids))
    )
    return {
        row.id: Endpoint(
            url=row.url,
            reason=row.disabled_reason or "",
            id=None if row.deleted_at else row.id,
        )
        for row in found
    }


def _endpoint_id(source: str) -> str | None:
    """The endpoint that a notice is about: `webhook/<id>/…`."""
    subject, _, rest = source.partition("/")
    return rest.partition("/")[0] if subject == "webhook" else None
