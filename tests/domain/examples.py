"""Bookings in every situation, for tests to begin from. Nobody's clock is read: see `REQUESTED`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.booking import commands as do
from domain.booking import events as happened
from domain.booking.commands import BookingCommand
from domain.booking.deadlines import next_deadline
from domain.booking.decide import NewRequest, decide, elapse, request
from domain.booking.events import BookingEvent
from domain.booking.evolve import begin, evolve_all
from domain.booking.state import Booking
from domain.party import Party, Role
from domain.policy import DEFAULT_POLICY, Policy
from domain.refusal import Refusal

REQUESTED = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONFIRMED = REQUESTED + timedelta(hours=1)
FIRST = REQUESTED + timedelta(days=20)
SECOND = REQUESTED + timedelta(days=22)
OTHER = REQUESTED + timedelta(days=30)
"""A time that nobody has offered, until the provider proposes it."""

EARLY = FIRST - timedelta(days=5, seconds=1)
LATE = FIRST - timedelta(days=5)

PROVIDER = Party(role=Role.PROVIDER, id="ada")
CLIENT = Party(role=Role.CLIENT, id="carl")
SUPPORT = Party(role=Role.SUPPORT, id="sue")
SERVICE = Party(role=Role.SERVICE, id="billing")
OTHER_PROVIDER = Party(role=Role.PROVIDER, id="zoe")
OTHER_CLIENT = Party(role=Role.CLIENT, id="zac")


def given(booking: Booking, command: BookingCommand, now: datetime) -> tuple[BookingEvent, ...]:
    """The events that a legal command leads to."""
    events = decide(booking, command, now)
    assert not isinstance(events, Refusal), events
    return events


def after(booking: Booking, command: BookingCommand, now: datetime) -> Booking:
    """The booking after a legal command."""
    return evolve_all(booking, given(booking, command, now))


def refused(booking: Booking, command: BookingCommand, now: datetime) -> str:
    """The code that a command is refused with."""
    refusal = decide(booking, command, now)
    assert isinstance(refusal, Refusal), refusal
    return refusal.code


def reports(events: tuple[BookingEvent, ...]) -> list[happened.LateEventReported]:
    """What the events report to the provider's standing."""
    return [event for event in events if isinstance(event, happened.LateEventReported)]


def lapse_of_time(booking: Booking, until: datetime) -> tuple[Booking, tuple[BookingEvent, ...]]:
    """The booking once every deadline up to an instant has passed, each handled when it is due."""
    passed: tuple[BookingEvent, ...] = ()
    while (deadline := next_deadline(booking)) and deadline.at <= until:
        events = elapse(booking, deadline, deadline.at)
        booking = evolve_all(booking, events)
        passed += events
    return booking, passed


def requested(
    *starts: datetime, at: datetime = REQUESTED, policy: Policy = DEFAULT_POLICY
) -> tuple[BookingEvent, ...]:
    """How the example begins."""
    wanted = NewRequest(
        booking_id="b-1",
        topic_id="t-1",
        provider_id=PROVIDER.id,
        client_id=CLIENT.id,
        preferred_starts=starts or (FIRST, SECOND),
        duration_minutes=60,
        title="Scales",
        note="First time.",
        policy=policy,
    )
    return request(wanted, at)


def pending(
    *starts: datetime, at: datetime = REQUESTED, policy: Policy = DEFAULT_POLICY
) -> Booking:
    """A request that waits for the provider's answer."""
    return begin(requested(*starts, at=at, policy=policy))


def confirmed(policy: Policy = DEFAULT_POLICY) -> Booking:
    """A booking that is confirmed for `FIRST`."""
    return after(pending(policy=policy), do.Confirm(by=PROVIDER, start=FIRST), CONFIRMED)


def asked(at: datetime = EARLY) -> Booking:
    """A confirmed booking that the provider has asked the client to cancel."""
    return after(confirmed(), do.AskCancel(by=PROVIDER, reason="ill"), at)


PROPOSE = do.ProposeReschedule(by=PROVIDER, starts=(OTHER,), reason="travelling")
ACCEPT = do.AnswerReschedule(by=CLIENT, accept=True)
DECLINE = do.AnswerReschedule(by=CLIENT, accept=False)


def proposed(at: datetime = EARLY) -> Booking:
    """A confirmed booking whose provider has proposed `OTHER`."""
    return after(confirmed(), PROPOSE, at)


def accepted(at: datetime = EARLY) -> Booking:
    """A confirmed booking whose client has accepted `OTHER`, before support has amended it."""
    return after(proposed(at), ACCEPT, at)


def declined() -> Booking:
    """A request that the provider turned down."""
    return after(pending(), do.Decline(by=PROVIDER, reason="full"), CONFIRMED)


def cancelled() -> Booking:
    """A booking that its client cancelled."""
    return after(confirmed(), do.Cancel(by=CLIENT, reason="moved away"), EARLY)


def expired() -> Booking:
    """A request that nobody answered."""
    return lapse_of_time(pending(), OTHER)[0]


def completed() -> Booking:
    """A booking whose session is over."""
    return lapse_of_time(confirmed(), OTHER)[0]


SITUATIONS: dict[str, Callable[[], Booking]] = {
    "pending": pending,
    "confirmed": confirmed,
    "asked": asked,
    "proposed": proposed,
    "accepted": accepted,
    "declined": declined,
    "expired": expired,
    "cancelled": cancelled,
    "completed": completed,
}
"""Every state, and what a confirmed booking may hold besides."""

COMMANDS: dict[str, BookingCommand] = {
    "confirm": do.Confirm(start=FIRST),
    "decline": do.Decline(reason="full"),
    "ask-cancel": do.AskCancel(reason="ill"),
    "cancel": do.Cancel(reason="moved away"),
    "propose-reschedule": replace(PROPOSE, by=None),
    "answer-reschedule": do.AnswerReschedule(accept=True),
    "reschedule-approved": do.ApproveReschedule(start=OTHER),
}
"""One good example of every command, given by nobody in particular."""
