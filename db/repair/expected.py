"""The rows that a workflow's own account leads to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Table

from db.recording import booking as booking_rows
from db.recording import cards, notices
from db.recording import standing as standing_rows
from db.recording.journal import REFUSED, Journal
from db.schema import (
    bookings,
    decisions,
    events,
    late_events,
    messages,
    standing_late_events,
    standings,
)
from db.schema import notices as notices_table
from domain.account import Account, Recording
from domain.booking.events import BookingEvent
from domain.booking.record import BookingRecord
from domain.booking.state import Booking
from domain.record import REFUSALS_KEPT, Entry, Subject
from domain.standing.events import LateEventRecorded, StandingEvent
from domain.standing.record import StandingRecord
from domain.standing.state import Standing

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ExpectedRow:
    """One row that should be there: how it is found, and what it must say.

    `besides` is what it says when it is written anew; where it is there, it may say otherwise.
    """

    table: Table
    name: str
    key: Row
    values: Row
    besides: Row


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What should be on record of one booking or one standing, as far as its workflow knows.

    Of events before `first_event` and of lines before `first_line` it knows only that they were.
    """

    subject: Subject
    subject_id: str
    number: int
    head: ExpectedRow
    rows: tuple[ExpectedRow, ...]
    events: int
    lines: int
    first_event: int
    first_line: int


def expected_of_booking(account: Account[Booking, BookingEvent], state: Booking) -> Expected:
    """What should be on record of a booking; `state` is as its claim was settled, if it was."""
    row = booking_rows.row_of(
        BookingRecord(number=account.number, booking=state, first_seq=1, refused=account.refused)
    )
    records = [
        BookingRecord(
            number=each.number,
            booking=replace(state, revision=each.revision),
            first_seq=each.first_seq,
            events=each.events,
            entries=each.entries,
        )
        for each in account.recordings
    ]
    told: list[ExpectedRow] = []
    for record in records:
        numbered = list(enumerate(record.events, record.first_seq))
        told += [
            _row(late_events, f"late event {each['id']}", each, key=("id",))
            for each in booking_rows.late_event_rows(record)
        ]
        told += _notices(notices.of_booking(record.booking, numbered))
        told += [
            _row(
                messages,
                f"card {each['source']}",
                each,
                key=("source",),
                besides=("id", "author_role", "author_id"),
            )
            for each in cards.rows_of(record.booking, numbered, record.entries)
        ]
    return _expected(
        Subject.BOOKING,
        state.id,
        account,
        head=ExpectedRow(
            table=bookings, name="the booking", key={"id": state.id}, values=row, besides={}
        ),
        journals=[booking_rows.journal_of(record) for record in records],
        others=told,
    )


def expected_of_standing(account: Account[Standing, StandingEvent], state: Standing) -> Expected:
    """What should be on record of a provider's standing."""
    provider_id = state.provider_id
    row = standing_rows.row_of(
        StandingRecord(number=account.number, standing=state, first_seq=1, refused=account.refused)
    )
    records = [
        StandingRecord(
            number=each.number,
            standing=state,
            first_seq=each.first_seq,
            events=each.events,
            entries=each.entries,
        )
        for each in account.recordings
    ]
    numbered = [pair for record in records for pair in enumerate(record.events, record.first_seq)]
    return _expected(
        Subject.STANDING,
        provider_id,
        account,
        head=ExpectedRow(
            table=standings,
            name="the standing",
            key={"provider_id": provider_id},
            values=row,
            besides={},
        ),
        journals=[standing_rows.journal_of(record) for record in records],
        others=[
            *_notices(notices.of_standing(provider_id, numbered)),
            *_carried(state, numbered),
        ],
    )


def _expected(
    subject: Subject,
    subject_id: str,
    account: Account[Any, Any],
    *,
    head: ExpectedRow,
    journals: Sequence[Journal],
    others: Sequence[ExpectedRow],
) -> Expected:
    known = account.recordings
    lines = [entry for each in known for entry in each.entries]
    first_line = min((entry.seq for entry in lines), default=account.lines + 1)
    # Of what was recorded before, the newest lines may still be remembered.
    before = [entry for entry in account.newest if entry.seq < first_line]
    kept = {entry.seq for entry in _without_pruned([*before, *lines])}
    remembered = replace(_journal_like(subject, subject_id), entries=tuple(before))
    rows: list[ExpectedRow] = []
    for journal in (remembered, *journals):
        rows += [
            _row(decisions, f"line {entry.seq}", journal.line(entry), key=("seq",))
            for entry in journal.entries
            if entry.seq in kept
        ]
    for journal in journals:
        rows += [
            _row(events, _name_of_event(each), each, key=("seq", "refusal_seq"))
            for each in journal.event_rows()
        ]
    return Expected(
        subject=subject,
        subject_id=subject_id,
        number=account.number,
        head=head,
        rows=(*rows, *others),
        events=account.events,
        lines=account.lines,
        first_event=_first_event(known, account),
        first_line=first_line,
    )


def _first_event(known: Sequence[Recording[Any]], account: Account[Any, Any]) -> int:
    return min((each.first_seq for each in known), default=account.events + 1)


def _journal_like(subject: Subject, subject_id: str) -> Journal:
    return Journal(
        subject=subject,
        subject_id=subject_id,
        provider_id="",
        client_id=None,
        events=(),
        entries=(),
    )


def _without_pruned(lines: Sequence[Entry]) -> list[Entry]:
    """The lines without the refusals that are no longer kept."""
    refused = sorted(entry.seq for entry in lines if entry.outcome == REFUSED)
    pruned = set(refused[:-REFUSALS_KEPT])
    return [entry for entry in lines if entry.seq not in pruned]


def _name_of_event(row: Row) -> str:
    if row["seq"] is None:
        return f"event of the refused line {row['refusal_seq']}"
    return f"event {row['seq']} ({row['type']})"


def _notices(found: Iterable[notices.Notice]) -> list[ExpectedRow]:
    # What became of a notice is the ledger's own business; that there is one is not.
    return [
        _row(
            notices_table,
            f"notice {row['source']}",
            row,
            key=("source",),
            besides=tuple(row.keys() - {"source", "recipient_id", "kind"}),
        )
        for row in map(notices.row_of, found)
    ]


def _carried(state: Standing, numbered: Iterable[tuple[int, StandingEvent]]) -> list[ExpectedRow]:
    """The late events that the standing carries one by one; the rest only the record knows."""
    places = {
        event.event.id: seq for seq, event in numbered if isinstance(event, LateEventRecorded)
    }
    rows: list[ExpectedRow] = []
    for late in state.events.values():
        claim = state.claims.get(late.id)
        values = {**asdict(late), "kind": late.kind.value}
        if claim is not None:
            values |= {"claim": claim.status.value, "claim_due_at": claim.due_at}
        if late.id in places:
            values["place"] = places[late.id]
        rows.append(
            ExpectedRow(
                table=standing_late_events,
                name=f"late event {late.id}",
                key={"provider_id": state.provider_id, "id": late.id},
                values=values,
                besides={},
            )
        )
    return rows


def _row(
    table: Table, name: str, row: Row, *, key: Sequence[str], besides: Sequence[str] = ()
) -> ExpectedRow:
    return ExpectedRow(
        table=table,
        name=name,
        key={column: row[column] for column in key},
        values={
            column: value
            for column, value in row.items()
            if column not in key and column not in besides
        },
        besides={column: row[column] for column in besides if column not in key},
    )
