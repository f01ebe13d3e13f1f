"""What is written down, in one transaction, when a standing has decided something."""

from __future__ import annotations

from dataclasses import dataclass

from domain.notices.ledger import Owed
from domain.record import Entry
from domain.standing.events import StandingEvent
from domain.standing.state import Standing


@dataclass(frozen=True, kw_only=True)
class StandingRecord:
    """A standing as it is after a decision, with the events and the lines that led there.

    The numbers mean what they mean in a booking's record.
    """

    number: int
    standing: Standing
    first_seq: int
    events: tuple[StandingEvent, ...] = ()
    entries: tuple[Entry, ...] = ()
    refused: int = 0


@dataclass(frozen=True, kw_only=True)
class StandingRecorded:
    """The database's answer, as for a booking: recorded, or what was on record already."""

    instead: StandingRecord | None = None
    owed: tuple[Owed, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StandingOnRecord:
    """A standing as it was written down last, how far its numbers had come, and what is owed yet.

    A workflow whose very first task was lost begins from here, and has not been told. Of whom
    nothing is on record, it is how they begin, without any recording.
    """

    standing: Standing
    recordings: int = 0
    lines: int = 0
    events: int = 0
    refused: int = 0
    owed: tuple[Owed, ...] = ()
