"""Bookings as the Bookings tab reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Row,
    Select,
    Text,
    any_,
    bindparam,
    literal,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from db.documents import booking_from
from db.queries.booking_search import Meant
from db.schema import booking_intents, bookings
from domain.booking.state import Booking, State


@dataclass(frozen=True, kw_only=True)
class Logistics:
    """What the two agreed on directly."""

    conference_url: str | None = None
    materials: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class BookingRow:
    """A booking, its logistics, and how many commands it has refused on record."""

    booking: Booking
    logistics: Logistics
    refused: int


@dataclass(frozen=True, kw_only=True)
class Intent:
    """A request that the API has taken, noted before its workflow is started."""

    booking_id: str
    provider_id: str
    client_id: str
    topic_id: str
    created_at: datetime


async def get_booking(conn: AsyncConnection, booking_id: str) -> BookingRow | None:
    """One booking, or None if none of this id is recorded."""
    found = (await conn.execute(_ONE, {"booking_id": booking_id})).one_or_none()
    return row_of(found) if found else None


async def parties_of(conn: AsyncConnection, booking_id: str) -> tuple[str, str] | None:
    """The provider's and the client's id of a booking, recorded or only accepted; None of none."""
    found = (await conn.execute(_PARTIES, {"booking_id": booking_id})).first()
    return (found.provider_id, found.client_id) if found else None


async def get_bookings(conn: AsyncConnection, ids: Collection[str]) -> dict[str, BookingRow]:
    """Those of some bookings that are recorded, by id."""
    if not ids:
        return {}
    rows = map(row_of, await conn.execute(_SOME, {"ids": list(ids)}))
    return {row.booking.id: row for row in rows}


async def list_bookings(
    conn: AsyncConnection,
    *,
    viewer_provider_id: str | None = None,
    viewer_client_id: str | None = None,
    state: State | None = None,
    provider_id: str | None = None,
    client_id: str | None = None,
    among: Meant | None = None,
    limit: int,
    after: str | None = None,
) -> list[BookingRow]:
    """The newest bookings that match everything given, from the one after the booking `after` on.

    Ids are given out in the order of time, so a page neither repeats nor leaves out what was there
    when paging began, however many are added meanwhile. `among` is what `booking_search.matching`
    has found.
    """
    found = await conn.execute(
        list_statement(
            viewer_provider_id=viewer_provider_id,
            viewer_client_id=viewer_client_id,
            state=state,
            provider_id=provider_id,
            client_id=client_id,
            among=among,
            limit=limit,
            after=after,
        )
    )
    return [row_of(row) for row in found]


def list_statement(
    *,
    viewer_provider_id: str | None = None,
    viewer_client_id: str | None = None,
    state: State | None = None,
    provider_id: str | None = None,
    client_id: str | None = None,
    among: Meant | None = None,
    limit: int,
    after: str | None = None,
) -> Select[Any]:
    """What `list_bookings` asks; apart from it, so that its plan can be looked at."""
    wanted = {
        "provider_id": (viewer_provider_id, provider_id),
        "client_id": (viewer_client_id, client_id),
        "state": (state.value if state else None,),
    }

    def narrowed(table: FromClause, *known: str) -> Iterator[ColumnElement[bool]]:
        for column, values in wanted.items():
            for value in values:
                if value is not None and column not in known:
                    yield table.c[column] == value
        if after is not None:
            yield table.c.id < after

    statement = read_bookings().where(*narrowed(bookings))
    if among is not None and viewer_client_id is not None:
        # A client's own are few.
        statement = statement.where(among.among_few())
    elif among is not None:
        statement = statement.where(among.newest(narrowed, limit))
    return statement.order_by(bookings.c.id.desc()).limit(limit)


async def get_intent(conn: AsyncConnection, booking_id: str) -> Intent | None:
    """What was asked for under this id, whether or not it is recorded by now."""
    found = await conn.execute(_INTENT, {"booking_id": booking_id})
    row = found.one_or_none()
    return Intent(**row._mapping) if row else None


def read_bookings() -> Select[Any]:
    """Asks for bookings, of which `row_of` makes rows; which ones is the caller's to say."""
    return select(
        bookings.c.document,
        bookings.c.refused,
        bookings.c.conference_url,
        bookings.c.materials,
        bookings.c.logistics_note,
    )


_INTENT = select(booking_intents).where(booking_intents.c.booking_id == bindparam("booking_id"))
# An array is one parameter, however many they are: the statement stays the same.
_SOME = read_bookings().where(bookings.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
_PARTIES = (
    union_all(
        select(literal(1).label("rank"), bookings.c.provider_id, bookings.c.client_id).where(
            bookings.c.id == bindparam("booking_id")
        ),
        select(literal(2), booking_intents.c.provider_id, booking_intents.c.client_id).where(
            booking_intents.c.booking_id == bindparam("booking_id")
        ),
    )
    # What is recorded counts, where it differs.
    .order_by("rank")
    .limit(1)
)
_ONE = read_bookings().where(bookings.c.id == bindparam("booking_id"))


def row_of(row: Row[Any]) -> BookingRow:
    """A booking of what `read_bookings` has found."""
    return BookingRow(
        booking=booking_from(row.document),
        logistics=Logistics(
            conference_url=row.conference_url, materials=row.materials, note=row.logistics_note
        ),
        refused=row.refused,
    )
