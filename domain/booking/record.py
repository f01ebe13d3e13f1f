"""What is written down, in one transaction, when a booking has decided something."""

from __future__ import annotations

from dataclasses import dataclass

from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.notices.ledger import Owed
from domain.record import Entry
from domain.refusal import Refusal


@dataclass(frozen=True, kw_only=True)
class BookingRecord:
    """A booking as it would be after a decision, with the events and the lines that led there.

    `number` counts a booking's recordings, one up each time, and fences them: a number is carried
    out once, whatever is retried or delivered late, and an older one never. `first_seq` is the
    number of the first of `events` among all events of the booking. `refused` is how many commands
    the booking has refused and put on record so far.
    """

    number: int
    booking: Booking
    first_seq: int
    events: tuple[BookingEvent, ...] = ()
    entries: tuple[Entry, ...] = ()
    refused: int = 0


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The database's answer: recorded, or refused for what only it can know (the slot is taken).

    `instead` is what was on record already under the number of the record, and under all later
    ones: a task of the workflow that was lost had come that far. It has happened; what was to be
    recorded has not. `owed` are the notices that its events call for and that have yet to be
    delivered, by channels that cost an activity: none where no such channel is set up.
    """

    refusal: Refusal | None = None
    instead: BookingRecord | None = None
    owed: tuple[Owed, ...] = ()
