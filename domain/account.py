"""What a workflow can say of its own record, for whoever compares it with the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.record import Entry

S = TypeVar("S")
E = TypeVar("E")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording(Generic[E]):
    """One recording that the database has taken: its number, its events and its lines.

    `revision` is the subject's after it, `first_seq` the number of the first of `events`.
    """

    number: int
    revision: int
    first_seq: int
    events: tuple[E, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Account(Generic[S, E]):
    """A booking or a standing as its workflow knows it to be on record.

    `state` is `None` before anything is recorded. `number`, `lines` and `events` count the
    recordings, the lines and the events so far, `refused` the refusals on record. `writing` is the
    number of a recording that is under way: the database may have it or not. `recordings` are
    known whole, one after the other; `older` says that there is more before the first of them.
    `newest` are lines that the workflow remembers of recordings that it no longer knows whole.
    """

    state: S | None
    number: int
    lines: int
    events: int
    refused: int
    writing: int | None = None
    recordings: tuple[Recording[E], ...] = ()
    older: bool = False
    newest: tuple[Entry, ...] = ()
