"""What a workflow starts with, and what it hands to its next history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.booking.decide import NewRequest
from domain.booking.state import Booking
from domain.notices.ledger import Owed
from domain.record import Entry
from domain.standing.state import Standing
from workflows.inbox import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Undelivered:
    """A notice that is owed, and since when it is tried to deliver it."""

    notice: Owed
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How many recordings, lines and events there have been; the newest lines and outcomes.

    `owed` are the notices that were not delivered yet when the history ended.
    """

    recordings: int = 0
    lines: int = 0
    events: int = 0
    refused: int = 0
    newest: tuple[Entry, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    owed: tuple[Undelivered, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingInput:
    """What a `Booking` workflow starts with: a request, and where its last history ended.

    `history_limit` makes it continue as new after so many events; left out, Temporal says when.
    `again`: the booking is on record already, and Temporal has lost its workflow. The times that
    were asked for may have passed by now; it follows the record.
    """

    request: NewRequest
    state: Booking | None = None
    progress: Progress = Progress()
    history_limit: int | None = None
    again: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingInput:
    """What a `ProviderStanding` workflow starts with: a provider, and where its history ended."""

    provider_id: str
    state: Standing | None = None
    progress: Progress = Progress()
    history_limit: int | None = None
