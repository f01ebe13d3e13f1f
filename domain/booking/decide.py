"""What a command does to a booking: events, or a refusal. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.booking import commands as do
from domain.booking import events as happened
from domain.booking.commands import BookingCommand
from domain.booking.deadlines import (
    Deadline,
    DeadlineKind,
    expires_at,
    lapses_at,
    request_reminders,
)
from domain.booking.events import BookingEvent
from domain.booking.evolve import evolve_all
from domain.booking.initiative import Attribution, attribute_amendment, attribute_cancellation
from domain.booking.state import Booking, RescheduleStatus, State
from domain.booking.table import OWN_PARTY, TABLE, lookup
from domain.instants import given_at, rfc3339
from domain.lateness import LateKind, judge
from domain.party import UNNAMED_SERVICE, Party, Role
from domain.policy import CLOCK_TOLERANCE, DEFAULT_POLICY, Policy
from domain.refusal import Code, Refusal, refuse

Events = tuple[BookingEvent, ...]


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
        return refuse(Code.PROVIDER_CANNOT_CANCEL)
    if not any(by.role in row.actors for row in TABLE if row.command == command.name):
        return refuse(Code.NOT_ALLOWED, f"Only the {own} can do this, not the {by.role}.")
    return by, by.role


def decide(booking: Booking, command: BookingCommand, now: datetime) -> Events | Refusal:
    """What a command does to a booking: the events that follow, or why it is refused.

    `now` is when the command is handled; it is judged by when it was given. Refusals are looked
    for in this order: closed, not theirs, given in the future, not in this state, and then what
    the command itself requires. Whether the slot is free only the database knows.
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
    act = _Act(booking=booking, by=by, in_name_of=in_name_of, given=given)
    events = _DECIDERS[type(command)](act, command)
    return events if isinstance(events, Refusal) else _with_skipped(booking, events, now)


@dataclass(frozen=True, kw_only=True)
class _Act:
    """One command about to be judged: on what, by whom, in whose name, given when."""

    booking: Booking
    by: Party
    in_name_of: Role
    given: datetime

    @property
    def start(self) -> datetime:
        """The scheduled start, which a confirmed booking always has."""
        if self.booking.scheduled_start is None:
            raise ValueError("a confirmed booking without a date")
        return self.booking.scheduled_start

    def passed(self, start: datetime) -> Refusal | None:
        if start > self.given:
            return None
        return refuse(Code.START_PASSED, f"{rfc3339(start)} has passed.")

    def said_at(self, initiated_at: datetime | None) -> datetime | Refusal | None:
        """When it was initiated, by the giver's word: their clock may be a little ahead of ours."""
        if initiated_at is None:
            return None
        if self.by.role not in (Role.SUPPORT, Role.SERVICE):
            return refuse(Code.NOT_ALLOWED, "Only support and services can say since when.")
        if initiated_at > self.given + CLOCK_TOLERANCE:
            return refuse(Code.AT_IMPLAUSIBLE, "It cannot have been initiated after it was given.")
        return min(initiated_at, self.given)


def _confirm(act: _Act, command: do.Confirm) -> Events | Refusal:
    if command.start not in act.booking.preferred_starts:
        return refuse(Code.NOT_PREFERRED)
    return act.passed(command.start) or (
        happened.BookingConfirmed(at=act.given, start=command.start),
    )


def _decline(act: _Act, command: do.Decline) -> Events | Refusal:
    return (
        happened.BookingDeclined(
            at=act.given, reason=command.reason, over_scheduling=command.over_scheduling
        ),
    )


def _ask_cancel(act: _Act, command: do.AskCancel) -> Events | Refusal:
    if act.booking.cancellation is not None:
        return refuse(Code.ALREADY_ASKED)
    receipt = judge(
        LateKind.CANCELLATION,
        scheduled_start=act.start,
        initiated_at=act.given,
        policy=act.booking.policy,
    )
    return (happened.CancellationAsked(at=act.given, reason=command.reason, receipt=receipt),)


def _cancel(act: _Act, command: do.Cancel) -> Events | Refusal:
    said_at = act.said_at(command.initiated_at)
    if isinstance(said_at, Refusal):
        return said_at
    attribution = attribute_cancellation(
        act.booking,
        in_name_of=act.in_name_of,
        given=act.given,
        said_by=command.initiated_by,
        said_at=said_at,
    )
    return _cancelled(act, command.reason, attribution)


def _cancelled(act: _Act, reason: str, attribution: Attribution) -> Events:
    cancelled = happened.BookingCancelled(
        at=act.given,
        reason=reason,
        initiated_by=attribution.initiated_by,
        initiated_at=attribution.initiated_at,
        executed_by=act.by.role,
        fault=attribution.fault,
        withdrawn=act.booking.state is State.PENDING,
        receipt=attribution.receipt,
    )
    return (cancelled, *_report(act, attribution, f"{act.booking.id}-cancellation"))


def _propose(act: _Act, command: do.ProposeReschedule) -> Events | Refusal:
    if act.booking.reschedule is not None:
        return refuse(Code.ALREADY_PROPOSED)
    for start in command.starts:
        if refusal := act.passed(start):
            return refusal
    receipt = judge(
        LateKind.RESCHEDULE,
        scheduled_start=act.start,
        initiated_at=act.given,
        policy=act.booking.policy,
    )
    proposed = happened.RescheduleProposed(
        at=act.given,
        starts=command.starts,
        reason=command.reason,
        lapses_at=lapses_at(act.given, act.booking),
        receipt=receipt,
    )
    attribution = Attribution.by_provider(receipt)
    return (proposed, *_report(act, attribution, _reschedule_event_id(act.booking)))


def _answer(act: _Act, command: do.AnswerReschedule) -> Events | Refusal:
    proposal = act.booking.reschedule
    if proposal is None or proposal.status is not RescheduleStatus.PROPOSED:
        return refuse(Code.NOTHING_PROPOSED)
    if command.cancel:
        attribution = attribute_cancellation(
            act.booking, in_name_of=act.in_name_of, given=act.given
        )
        return _cancelled(act, "None of the proposed times suits.", attribution)
    if not command.accept:
        return (happened.RescheduleDeclined(at=act.given),)
    only = proposal.starts[0] if len(proposal.starts) == 1 else None
    start = command.start or only
    if start is None or start not in proposal.starts:
        return refuse(Code.NOT_PROPOSED)
    return act.passed(start) or (happened.RescheduleAccepted(at=act.given, start=start),)


def _approve(act: _Act, command: do.ApproveReschedule) -> Events | Refusal:
    if refusal := act.passed(command.start):
        return refusal
    said_at = act.said_at(command.initiated_at)
    if isinstance(said_at, Refusal):
        return said_at
    attribution = attribute_amendment(
        act.booking,
        given=act.given,
        said_by=command.initiated_by,
        said_at=said_at,
    )
    amended = happened.BookingRescheduled(
        at=act.given,
        start=command.start,
        previous_start=act.start,
        initiated_by=attribution.initiated_by,
        initiated_at=attribution.initiated_at,
        fault=attribution.fault,
        executed_by=act.by.role,
        receipt=attribution.receipt,
    )
    return (amended, *_report(act, attribution, _reschedule_event_id(act.booking)))


def _report(act: _Act, attribution: Attribution, event_id: str) -> Events:
    """The report to the provider's standing, if this is to be counted there."""
    receipt = attribution.receipt
    if receipt is None or not receipt.late or attribution.counted_already:
        return ()
    return (
        happened.LateEventReported(
            at=act.given,
            id=event_id,
            kind=receipt.kind,
            scheduled_start=receipt.scheduled_start,
            initiated_at=receipt.initiated_at,
            late_within_seconds=receipt.late_within_seconds,
            claimed=attribution.claimed,
        ),
    )


def _reschedule_event_id(booking: Booking) -> str:
    # The revision tells one reschedule of a booking from the next, and never repeats.
    return f"{booking.id}-reschedule-{booking.revision}"


_DECIDERS: dict[type[BookingCommand], Callable[..., Events | Refusal]] = {
    do.Confirm: _confirm,
    do.Decline: _decline,
    do.AskCancel: _ask_cancel,
    do.Cancel: _cancel,
    do.ProposeReschedule: _propose,
    do.AnswerReschedule: _answer,
    do.ApproveReschedule: _approve,
}


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
                lapsed = (happened.RescheduleLapsed(at=deadline.at),)
            return (*lapsed, happened.BookingCompleted(at=deadline.at))
        case DeadlineKind.REMIND:
            return _remind(booking, deadline, now)


def _remind(booking: Booking, deadline: Deadline, now: datetime) -> Events:
    if deadline.reminder is None:
        raise ValueError("a reminder's deadline without its reminder")
    why = _why_skipped(booking, now)
    if why:
        return (happened.ReminderSkipped(at=deadline.at, reminder=deadline.reminder, why=why),)
    return (happened.ReminderSent(at=deadline.at, reminder=deadline.reminder),)


def _why_skipped(booking: Booking, now: datetime) -> str | None:
    if booking.state is State.PENDING:
        return "The request has expired." if now >= booking.expires_at else None
    if booking.reschedule and booking.reschedule.status is RescheduleStatus.ACCEPTED:
        return "Another time has been agreed, and waits for support to enter it."
    if booking.scheduled_start and now >= booking.scheduled_start:
        return "The session has begun."
    return None


def _with_skipped(booking: Booking, events: Events, now: datetime) -> Events:
    """The events, and a skip of each reminder that they arm too late."""
    after = evolve_all(booking, events)
    if after.reminders is booking.reminders:
        return events
    return (*events, *_skip_past(after, now))


def _skip_past(booking: Booking, now: datetime) -> Events:
    return tuple(
        happened.ReminderSkipped(
            at=now, reminder=reminder, why="Its time was past when it was armed."
        )
        for reminder in booking.reminders
        if reminder.due_at <= now
    )
