"""Bookings and standings played against the database, as their workflows would record them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from db.ids import new_id
from db.queries.bookings import Intent
from db.recording import record_booking, record_standing
from db.stores.intents import insert_intent
from db.stores.topics import insert_topic
from domain.booking import decide as booking_rules
from domain.booking.commands import BookingCommand
from domain.booking.events import BookingEvent
from domain.booking.evolve import begin, evolve_all
from domain.booking.late_event_ids import cancellation_event_id
from domain.booking.record import BookingRecord, Recorded
from domain.booking.state import Booking
from domain.lateness import LateKind
from domain.party import THE_CLOCK, Party, Role
from domain.record import Entry
from domain.refusal import Code, Refusal
from domain.standing import decide as standing_rules
from domain.standing import evolve as standing_evolution
from domain.standing.commands import ReportLateEvent, StandingCommand
from domain.standing.deadlines import Deadline
from domain.standing.events import StandingEvent
from domain.standing.record import StandingRecord, StandingRecorded
from domain.standing.state import Standing

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOON = timedelta(seconds=60)
SUPPORT = Party(role=Role.SUPPORT, id="support-1")


def in_days(days: float) -> datetime:
    return NOW + timedelta(days=days)


def line(seq: int, command: str, by: Party, *, refused: Code | None = None) -> Entry:
    """A line of a timeline."""
    return Entry(
        seq=seq,
        given_at=NOW,
        handled_at=NOW,
        by=by,
        command=command,
        outcome="refused" if refused else "applied",
        code=refused,
        rule="A rule.",
        text="A sentence.",
        data={"inputs": {"some": "thing"}},
    )


@dataclass
class PlayedBooking:
    """One booking: decides as the domain says, and keeps the numbers as its workflow does."""

    engine: AsyncEngine
    booking: Booking
    pending: tuple[BookingEvent, ...] = ()
    number: int = 0
    next_seq: int = 1
    next_line: int = 1
    refused: int = 0
    records: list[BookingRecord] = field(default_factory=list)

    @property
    def provider(self) -> Party:
        return Party(role=Role.PROVIDER, id=self.booking.provider_id)

    @property
    def client(self) -> Party:
        return Party(role=Role.CLIENT, id=self.booking.client_id)

    async def begin(self) -> None:
        """Records the request."""
        recorded = await self.record(self.pending, "request", self.client)
        assert replace(recorded, owed=()) == Recorded()

    async def give(self, command: BookingCommand, by: Party, now: datetime = NOW) -> Recorded:
        """Decides a command that must be legal, and records what follows."""
        events = booking_rules.decide(self.booking, replace(command, by=by), now)
        assert not isinstance(events, Refusal), events
        return await self.record(events, command.name, by)

    async def refuse(self, count: int = 1, code: Code = Code.NOT_PENDING) -> None:
        """Records commands that were refused."""
        seqs = range(self.next_line, self.next_line + count)
        entries = tuple(line(seq, "confirm", self.provider, refused=code) for seq in seqs)
        self.refused += count
        await self._send(self.next_record((), entries))

    async def record(
        self, events: tuple[BookingEvent, ...], command: str, by: Party = THE_CLOCK
    ) -> Recorded:
        """Records events; the booking moves only if the database takes them."""
        return await self._send(self.next_record(events, (line(self.next_line, command, by),)))

    def next_record(
        self, events: tuple[BookingEvent, ...], entries: tuple[Entry, ...]
    ) -> BookingRecord:
        return BookingRecord(
            number=self.number + 1,
            booking=self.booking if self.number == 0 else evolve_all(self.booking, events),
            first_seq=self.next_seq,
            events=events,
            entries=entries,
            refused=self.refused,
        )

    async def _send(self, record: BookingRecord) -> Recorded:
        self.records.append(record)
        self.number = record.number
        recorded = await record_booking(self.engine, record, within=SOON)
        if recorded.refusal is None:
            self.booking = record.booking
            self.next_seq += len(record.events)
            self.next_line += len(record.entries)
        return recorded


@dataclass
class PlayedStanding:
    """One provider's standing."""

    engine: AsyncEngine
    standing: Standing
    number: int = 0
    next_seq: int = 1
    records: list[StandingRecord] = field(default_factory=list)

    async def give(self, command: StandingCommand, by: Party, now: datetime = NOW) -> None:
        """Decides a command that must be legal, and records what follows."""
        events = standing_rules.decide(self.standing, replace(command, by=by), now)
        assert not isinstance(events, Refusal), events
        await self._record(events, command.name, by)

    async def pass_by(self, deadline: Deadline) -> None:
        """Lets a deadline pass, and records what follows."""
        events = standing_rules.elapse(self.standing, deadline, deadline.at)
        await self._record(events, deadline.kind, THE_CLOCK)

    async def _record(self, events: tuple[StandingEvent, ...], command: str, by: Party) -> None:
        self.number += 1
        self.standing = standing_evolution.evolve_all(self.standing, events)
        record = StandingRecord(
            number=self.number,
            standing=self.standing,
            first_seq=self.next_seq,
            events=events,
            entries=(line(self.number, command, by),),
        )
        self.records.append(record)
        self.next_seq += len(events)
        answer = await record_standing(self.engine, record, within=SOON)
        assert replace(answer, owed=()) == StandingRecorded()


async def new_topic(engine: AsyncEngine, provider_id: str, title: str = "Chess") -> str:
    """A listed topic of a provider."""
    async with engine.begin() as conn:
        return await insert_topic(
            conn,
            provider_id=provider_id,
            title=title,
            description="Openings, slowly.",
            duration_minutes=60,
            now=NOW,
        )


async def requested(
    engine: AsyncEngine,
    *starts: datetime,
    provider_id: str = "ada",
    client_id: str = "carl",
    topic_id: str | None = None,
    asked: bool = True,
) -> PlayedBooking:
    """A booking that was requested for some preferred times, an hour each."""
    wanted = booking_rules.NewRequest(
        booking_id=new_id(),
        topic_id=topic_id or await new_topic(engine, provider_id),
        provider_id=provider_id,
        client_id=client_id,
        preferred_starts=starts or (in_days(10),),
        duration_minutes=60,
        title="Chess",
    )
    intent = Intent(
        booking_id=wanted.booking_id,
        provider_id=wanted.provider_id,
        client_id=wanted.client_id,
        topic_id=wanted.topic_id,
        created_at=NOW,
    )
    if asked:
        async with engine.begin() as conn:
            await insert_intent(conn, intent)
    events = booking_rules.request(wanted, NOW)
    played = PlayedBooking(engine=engine, booking=begin(events), pending=events)
    await played.begin()
    return played


def claim_about(played: PlayedBooking) -> ReportLateEvent:
    """What a booking reports of a cancellation whose client lays it to the provider."""
    booking = played.booking
    return ReportLateEvent(
        id=cancellation_event_id(booking),
        booking_id=booking.id,
        kind=LateKind.CANCELLATION,
        scheduled_start=booking.preferred_starts[0],
        initiated_at=NOW,
        claimed=True,
    )


def untouched(engine: AsyncEngine, provider_id: str = "ada") -> PlayedStanding:
    """The standing of a provider of whom nothing late is known, not recorded yet."""
    return PlayedStanding(engine=engine, standing=standing_rules.begin(provider_id, NOW))
