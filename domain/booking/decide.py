"""What a command does to a booking: events, or a refusal. Nothing is changed here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.booking import commands as do
from domain.booking import events as happened
from domain.booking.acts import DECIDERS, Act, Events
from domain.booking.commands import BookingCommand
from domain.booking.deadlines import (
    Deadline,
    DeadlineKind,
    expires_at,
    late_from,
    request_reminders,
)
from domain.booking.evolve import evolve_all
from domain.booking.state import Booking, ReminderKind, RescheduleStatus, State
from domain.booking.table import OWN_PARTY, TABLE, lookup
from domain.instants import given_at
from domain.party import UNNAMED_SERVICE, Party, Role, only_for
from domain.policy import DEFAULT_POLICY, Policy
from domain.refusal import Code, Refusal, refuse

DECLINE_INSTEAD = "A provider cannot cancel a request: decline it instead."


@dataclass(frozen=True, kw_only=True)
class NewRequest:
    """What a client asks for: one topic, and one to five preferred times."""

    booking_id: str
    topic_id: str
    provider_id: str
    client_id: str
    preferred_starts: tuple[datetime, ...]
    duration_minutes: int
    title: str = ""
    note: str = ""
    policy: Policy = DEFAULT_POLICY
    by: Party | None = None
    """Who asks on the client's behalf; left out, the client asks."""


def request(wanted: NewRequest, now: datetime) -> Events:
    """How a booking begins: requested, with the reminders of an unanswered request armed."""
    booking = Booking(
        id=wanted.booking_id,
        topic_id=wanted.topic_id,
        provider_id=wanted.provider_id,
        client_id=wanted.client_id,
        preferred_starts=wanted.preferred_starts,
        duration_minutes=wanted.duration_minutes,
        title=wanted.title,
        note=wanted.note,
        policy=wanted.policy,
        created_at=now,
        decided_at=now,
        expires_at=expires_at(now, wanted.preferred_starts, wanted.policy),
    )
    booking = replace(booking, reminders=request_reminders(booking))
    return (happened.BookingRequested(at=now, booking=booking), *_skip_past(booking, now))


def actor_of(booking: Booking, command: BookingCommand) -> tuple[Party, Role] | Refusal:
    """Who gives a command and in whose name, or `not-allowed`.

    A service acts in the name of the command's own party. A provider or client must be the
    booking's own.
    """
    by = command.by or UNNAMED_SERVICE
    own = OWN_PARTY[command.name]
    if by.role is Role.SERVICE:
        return by, own
    if by.role is not Role.SUPPORT and by.id != booking.party_id(by.role):
        return refuse(Code.NOT_ALLOWED, f"This is another {by.role}'s booking.")
    if by.role is Role.PROVIDER and command.name == do.Cancel.name:
        pending = booking.state is State.PENDING
        return refuse(Code.PROVIDER_CANNOT_CANCEL, DECLINE_INSTEAD if pending else "")
    if not any(by.role in row.actors for row in TABLE if row.command == command.name):
        return refuse(Code.NOT_ALLOWED, only_for(own, not_for=by.role))
    return by, by.role


def decide(booking: Booking, command: BookingCommand, now: datetime) -> Events | Refusal:
    """What a command does to a booking: the events that follow, or why it is refused.

    `now` is when the command is handled; it is judged by when it was given. Refusals are looked
    for in this order: closed, not theirs, given in the future, not in this state, and then what
    the command itself requires. Whether the slot is free only the database knows. A date that the
    booking has already is no refusal: it changes nothing, and answers with no events.
    """
    if booking.closed:
        return refuse(Code.ALREADY_CLOSED, f"The booking is {booking.state} already.")
    actor = actor_of(booking, command)
    if isinstance(actor, Refusal):
        return actor
    given = given_at(command.at, now=now, last_decision=booking.decided_at)
    if isinstance(given, Refusal):
        return given
    row = lookup(booking.state, command.name)
    if isinstance(row, Code):
        return refuse(row)
    by, in_name_of = actor
    act = Act(booking=booking, by=by, in_name_of=in_name_of, given=given)
    events = DECIDERS[type(command)](act, command)
    return events if isinstance(events, Refusal) else _with_skipped(booking, events, now)


def elapse(booking: Booking, deadline: Deadline, now: datetime) -> Events:
    """What happens when a deadline has passed; it is dated by the deadline, not by the handling.

    `now` may be later than the deadline, after an outage: a reminder that has lost its meaning by
    then is skipped.
    """
    match deadline.kind:
        case DeadlineKind.EXPIRE:
            return (happened.BookingExpired(at=deadline.at),)
        case DeadlineKind.LAPSE:
            return (happened.RescheduleLapsed(at=deadline.at),)
        case DeadlineKind.COMPLETE:
            lapsed: Events = ()
            if booking.reschedule:
                lapsed = (happened.RescheduleLapsed(at=deadline.at, accepted=True),)
            return (*lapsed, happened.BookingCompleted(at=deadline.at))
        case DeadlineKind.REMIND:
            return _remind(booking, deadline, now)


def _remind(booking: Booking, deadline: Deadline, now: datetime) -> Events:
    if deadline.reminder is None:
        raise ValueError("a reminder's deadline without its reminder")
    why = _why_skipped(booking, deadline.reminder.kind, now)
    if why:
        return (happened.ReminderSkipped(at=deadline.at, reminder=deadline.reminder, why=why),)
    return (happened.ReminderSent(at=deadline.at, reminder=deadline.reminder),)


def _why_skipped(booking: Booking, kind: ReminderKind, now: datetime) -> str | None:
    if booking.state is State.PENDING:
        return "The request has expired." if now >= booking.expires_at else None
    if booking.reschedule and booking.reschedule.status is RescheduleStatus.ACCEPTED:
        return "Another time has been agreed, and waits for support to enter it."
    if booking.scheduled_start is None:
        return None
    if now >= booking.scheduled_start:
        return "The session has begun."
    opened = now >= late_from(booking.scheduled_start, booking.policy)
    if kind is ReminderKind.LATE_WINDOW_OPENS and opened:
        return "The late window has opened already."
    return None


def _with_skipped(booking: Booking, events: Events, now: datetime) -> Events:
    """The events, and a skip of each reminder that they arm too late."""
    after = evolve_all(booking, events)
    if after.reminders is booking.reminders:
        return events
    return (*events, *_skip_past(after, now))


def _skip_past(booking: Booking, now: datetime) -> Events:
    return tuple(
        happened.ReminderSkipped(at=now, reminder=reminder, why="Its time was past.")
        for reminder in booking.reminders
        if reminder.due_at <= now
    )
