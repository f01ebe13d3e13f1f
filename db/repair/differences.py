"""What differs between the rows that are there and those that should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from db.documents import (
    booking_document,
    booking_event_document,
    booking_event_from,
    booking_from,
    standing_document,
    standing_event_document,
    standing_event_from,
    standing_from,
)
from db.personal.rules import WORDS
from db.repair.expected import ExpectedRow, Row
from db.schema import bookings, decisions, events, messages
from domain.record import Subject
from domain.standing.state import Cause

_SHOWN = 60


class Kind(StrEnum):
    """How something differs."""

    MISSING = "missing"
    DIFFERS = "differs"
    SURPLUS = "surplus"
    """It is there, beyond all that the workflow has ever recorded."""
    FORGOTTEN = "forgotten"
    """It is missing, and the workflow no longer knows what it said."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that differs. `columns` are those that do, each with what is there."""

    kind: Kind
    table: str
    name: str
    columns: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.kind:
            case Kind.MISSING:
                return f"{self.table}: {self.name} is missing"
            case Kind.SURPLUS:
                return f"{self.table}: {self.name} was never recorded"
            case Kind.FORGOTTEN:
                return (
                    f"{self.table}: {self.name} is missing, and its workflow has forgotten it: it"
                    " cannot be rebuilt"
                )
            case Kind.DIFFERS:
                each = zip(self.columns, self.there, self.wanted, strict=True)
                said = ", ".join(
                    f"{column} is {there}, not {wanted}" for column, there, wanted in each
                )
                return f"{self.table}: of {self.name}, {said}"


def compare_row(expected: ExpectedRow, found: Row | None) -> Difference | None:
    """How one row differs from what it should be, if it does."""
    if found is None:
        return Difference(kind=Kind.MISSING, table=expected.table.name, name=expected.name)
    differing = [
        column
        for column, wanted in expected.values.items()
        if not _same(expected, column, found[column], wanted)
    ]
    if not differing:
        return None
    pairs = [_shown(found[column], expected.values[column]) for column in differing]
    return Difference(
        kind=Kind.DIFFERS,
        table=expected.table.name,
        name=expected.name,
        columns=tuple(differing),
        there=tuple(there for there, _ in pairs),
        wanted=tuple(wanted for _, wanted in pairs),
    )


def _same(expected: ExpectedRow, column: str, there: Any, wanted: Any) -> bool:
    table = expected.table
    if (table, column) in _WORDS:
        # What a rule is called and how a decision is told may change with a version; what was said
        # at the time stays on record.
        return True
    if table is decisions and column == "data":
        return _agree(there, wanted)
    if table is events and column == "data":
        if expected.key["seq"] is None:
            return _agree(_without_words(there), _without_words(wanted))
        return _same_event(expected, there, wanted)
    if table is messages and column == "card":
        return _agree(_without_revision(there), _without_revision(wanted))
    if column == "document":
        return there == wanted or (
            _same_booking(there, wanted) if table is bookings else _same_standing(there, wanted)
        )
    return bool(there == wanted)


_WORDS = {(decisions, "rule"), (decisions, "text"), (messages, "text")}


def _without_words(data: Any) -> Any:
    if not isinstance(data, Mapping):
        return data
    return {name: value for name, value in data.items() if name not in ("rule", "text")}


def _without_our_words(value: Any) -> Any:
    """A document without the sentences in it that nobody has written but a version of ours.

    What was said at the time stays: a provider has the statement of reasons in their hands.
    """
    if not isinstance(value, Mapping):
        return value
    ours = {"why", "reasons"}
    if value.get("cause") == Cause.CASE:
        ours.add("reason")
    if value.get("uncontested"):
        ours.add("note")
    return {name: _without_our_words(each) for name, each in value.items() if name not in ours}


def _without_revision(card: Any) -> Any:
    if not isinstance(card, Mapping):
        return card
    return {name: value for name, value in card.items() if name != "revision"}


def _agree(there: Any, wanted: Any) -> bool:
    """Whether two JSON values say the same wherever both say something.

    A newer version may say more of an old decision, or a workflow may have forgotten some of it.
    """
    if isinstance(there, Mapping) and isinstance(wanted, Mapping):
        return all(_agree(there[name], wanted[name]) for name in there.keys() & wanted.keys())
    return bool(there == wanted)


def _same_event(expected: ExpectedRow, there: Any, wanted: Any) -> bool:
    of_booking = expected.values["subject"] == Subject.BOOKING
    found = _normalised(_booking_event if of_booking else _standing_event, there)
    return bool(there == wanted or _without_our_words(found) == _without_our_words(wanted))


def _normalised(normalise: Callable[[Any], Any], there: Any) -> Any:
    """A document as today's version would write it: fields that it did not have yet are no fault.

    A document that cannot be read is like no other.
    """
    try:
        return normalise(there)
    except (ValidationError, ValueError, TypeError, KeyError):
        return None


def _booking_event(document: Any) -> Any:
    return booking_event_document(booking_event_from(document))


def _standing_event(document: Any) -> Any:
    return standing_event_document(standing_event_from(document))


def _same_booking(there: Any, wanted: Any) -> bool:
    return bool(_normalised(lambda it: booking_document(booking_from(it)), there) == wanted)


def _same_standing(there: Any, wanted: Any) -> bool:
    found = _normalised(lambda it: standing_document(standing_from(it)), there)
    if found is None:
        return False
    found, wanted = _without_our_words(found), _without_our_words(wanted)
    # Which late events a standing carries one by one may change between two recordings, when it
    # has recalled some: what both carry must be the same.
    carried = {"events", "claims", "folded"}
    if any(found[name] != wanted[name] for name in wanted.keys() - carried):
        return False
    return all(_agree(found[name], wanted[name]) for name in ("events", "claims"))


def _shown(there: Any, wanted: Any) -> tuple[str, str]:
    """Both, as short as they can be told apart: of two documents, where they differ first."""
    where = ""
    while isinstance(there, Mapping) and isinstance(wanted, Mapping):
        names = sorted(there.keys() | wanted.keys())
        name = next((it for it in names if there.get(it) != wanted.get(it)), None)
        if name is None:
            break
        where += f"{name}: "
        there, wanted = there.get(name), wanted.get(name)
        if name in WORDS:
            # What people wrote has no place in a terminal, nor in the history of a comparison.
            return f"{where}other words", "those that were decided on"
    return where + _cut(there), _cut(wanted)


def _cut(value: Any) -> str:
    text = "nothing" if value is None else str(value) or "empty"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
