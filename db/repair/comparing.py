"""Reading what is on record of one booking or one standing, and comparing it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.documents import standing_event_from
from db.recording.standing import with_fault_settled
from db.repair.differences import Difference, Kind, compare_row
from db.repair.expected import Expected, ExpectedRow, Row
from db.schema import (
    decisions,
    events,
    late_events,
    messages,
    notices,
    standing_late_events,
)
from domain.booking.state import Booking, Fault
from domain.record import Subject
from domain.standing.events import ClaimDismissed, ClaimUpheld

_NAMED = 20
"""Of what is missing and forgotten, no more than this is named one by one."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What differs, and the number of the newest recording on record; None without a row."""

    recording: int | None
    head: Row | None
    differences: tuple[Difference, ...]
    rows: tuple[tuple[ExpectedRow, Difference], ...] = ()
    """The differing rows, with what they should say."""


async def with_claim_settled(conn: AsyncConnection, booking: Booking) -> Booking:
    """A closed booking as it should be on record: a claim about it may have been settled since."""
    if booking.cancellation is None or booking.cancellation.fault is not Fault.CLAIMED:
        return booking
    settled = await conn.scalars(
        select(events.c.data)
        .where(
            events.c.subject == Subject.STANDING,
            events.c.subject_id == booking.provider_id,
            events.c.booking_id == booking.id,
            events.c.type.in_(("claim.upheld", "claim.dismissed")),
        )
        .order_by(events.c.seq)
    )
    for document in settled:
        event = standing_event_from(document)
        if isinstance(event, ClaimUpheld | ClaimDismissed):
            booking = with_fault_settled(booking, event)
    return booking


async def compare(conn: AsyncConnection, expected: Expected) -> Compared:
    """How what is on record differs from what a workflow says; one transaction sees it whole."""
    head = await _head(conn, expected)
    found = await _rows(conn, expected)
    differing: list[tuple[ExpectedRow, Difference]] = []
    for row in (expected.head, *expected.rows):
        there = head if row is expected.head else found.get(_identity(row.table, row.key))
        difference = compare_row(row, there)
        if difference is not None:
            differing.append((row, difference))
    others = [*await _surplus(conn, expected), *await _forgotten(conn, expected)]
    return Compared(
        recording=head["recording"] if head else None,
        head=head,
        differences=(*(difference for _, difference in differing), *others),
        rows=tuple(differing),
    )


def of_subject(table: Table, expected: Expected) -> Any:
    """The condition that a line or an event is about this booking or this standing."""
    return and_(table.c.subject == expected.subject, table.c.subject_id == expected.subject_id)


async def _head(conn: AsyncConnection, expected: Expected) -> Row | None:
    table, key = expected.head.table, expected.head.key
    found = await conn.execute(
        select(table).where(*(table.c[name] == value for name, value in key.items()))
    )
    row = found.one_or_none()
    return dict(row._mapping) if row else None


async def _rows(conn: AsyncConnection, expected: Expected) -> dict[Any, Row]:
    """The rows that may be those expected, by what identifies them."""
    named: dict[Table, list[ExpectedRow]] = {}
    for row in expected.rows:
        named.setdefault(row.table, []).append(row)
    found: dict[Any, Row] = {}
    for table, rows in named.items():
        condition = _condition(table, rows, expected)
        names = rows[0].key.keys()
        for each in await conn.execute(select(table).where(condition)):
            there = dict(each._mapping)
            found[_identity(table, {name: there[name] for name in names})] = there
    return found


def _condition(table: Table, rows: Iterable[ExpectedRow], expected: Expected) -> Any:
    if table is decisions:
        return and_(of_subject(table, expected), table.c.seq.in_([row.key["seq"] for row in rows]))
    if table is events:
        return and_(
            of_subject(table, expected),
            or_(table.c.seq >= expected.first_event, table.c.refusal_seq >= expected.first_line),
        )
    if table is standing_late_events:
        return and_(
            table.c.provider_id == expected.subject_id,
            table.c.id.in_([row.key["id"] for row in rows]),
        )
    column = {late_events: "id", notices: "source", messages: "source"}[table]
    return table.c[column].in_([row.key[column] for row in rows])


def _identity(table: Table, key: Row) -> tuple[Any, ...]:
    return (table.name, *(key[name] for name in sorted(key)))


async def _surplus(conn: AsyncConnection, expected: Expected) -> list[Difference]:
    """Lines and events beyond the last: the next recording would run into them."""
    lines = await conn.scalars(
        select(decisions.c.seq)
        .where(of_subject(decisions, expected), decisions.c.seq > expected.lines)
        .order_by(decisions.c.seq)
    )
    numbered = await conn.scalars(
        select(events.c.seq)
        .where(of_subject(events, expected), events.c.seq > expected.events)
        .order_by(events.c.seq)
    )
    return [
        *(Difference(kind=Kind.SURPLUS, table="decisions", name=f"line {seq}") for seq in lines),
        *(Difference(kind=Kind.SURPLUS, table="events", name=f"event {seq}") for seq in numbered),
    ]


async def _forgotten(conn: AsyncConnection, expected: Expected) -> list[Difference]:
    """Gaps among the events of which the workflow knows no more than that they were.

    Lines have gaps by right: of refusals only the newest are kept.
    """
    before = expected.first_event - 1
    if before <= 0:
        return []
    older = and_(of_subject(events, expected), events.c.seq.between(1, before))
    there = await conn.scalar(select(func.count()).where(older))
    if there == before:
        return []
    every = func.generate_series(1, before).table_valued("seq").render_derived()
    gaps = await conn.scalars(
        select(every.c.seq)
        .where(every.c.seq.not_in(select(events.c.seq).where(older)))
        .order_by(every.c.seq)
        .limit(_NAMED)
    )
    named = ", ".join(map(str, gaps))
    more = " and more" if before - (there or 0) > _NAMED else ""
    name = f"event {named}{more}" if before - (there or 0) == 1 else f"each of events {named}{more}"
    return [Difference(kind=Kind.FORGOTTEN, table="events", name=name)]
