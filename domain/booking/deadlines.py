"""Every promise about time that a booking makes, as functions whose results can be printed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.booking.state import (
    Booking,
    Reminder,
    ReminderKind,
    RescheduleStatus,
    State,
)
from domain.party import Role
from domain.policy import Policy


class DeadlineKind(StrEnum):
    """What happens when a deadline passes: the clock's own commands."""

    EXPIRE = "expire"
    COMPLETE = "complete"
    LAPSE = "lapse"
    REMIND = "remind"


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """The next thing that happens by itself, and when."""

    kind: DeadlineKind
    at: datetime
    reminder: Reminder | None = None

    def __str__(self) -> str:
        about = f" ({self.reminder.kind})" if self.reminder else ""
        return f"{self.kind}{about}"


def expires_at(
    requested_at: datetime, preferred_starts: tuple[datetime, ...], policy: Policy
) -> datetime:
    """When a request that nobody answers expires: after 72 hours, or with its last time."""
    return min(requested_at + policy.answer_within, max(preferred_starts))


def half_time(requested_at: datetime, expires: datetime) -> datetime:
    """When half of the time has passed in which a request can be answered."""
    return requested_at + (expires - requested_at) / 2


def late_from(scheduled_start: datetime, policy: Policy) -> datetime:
    """When the late window of a session opens: from this instant on, an act is late."""
    return scheduled_start - policy.late_within


def lapses_at(proposed_at: datetime, booking: Booking) -> datetime:
    """When a proposal lapses: after 7 days, or at the scheduled start (once begun, at its end)."""
    start, end = booking.scheduled_start, booking.scheduled_end
    if start is None or end is None:
        raise ValueError("only a confirmed booking can hold a proposal")
    return min(
        proposed_at + booking.policy.proposal_lapses_after, start if proposed_at < start else end
    )


def completes_at(booking: Booking) -> datetime:
    """When the session is over.

    Where the client has accepted another time that support has yet to enter, the session that both
    expect is that one: the booking does not complete under them at the old date.
    """
    if booking.scheduled_end is None:
        raise ValueError("only a confirmed booking can complete")
    proposal = booking.reschedule
    if proposal is None or proposal.accepted_start is None:
        return booking.scheduled_end
    return max(booking.scheduled_end, proposal.accepted_start + booking.duration)


def spread(booking_id: str, over: timedelta) -> timedelta:
    """A booking's own delay of its reminders, always the same, so that they do not all go at once.

    Only reminders are spread: a deadline that decides something never is.
    """
    return over * (zlib.crc32(booking_id.encode()) % 1000) / 1000


def request_reminders(booking: Booking) -> tuple[Reminder, ...]:
    """The two reminders that a provider gets of a request they have not answered."""
    last_call = booking.expires_at - booking.policy.last_call_before_expiry
    return tuple(
        _reminder(booking, kind, due_at, Role.PROVIDER)
        for kind, due_at in (
            (ReminderKind.ANSWER_HALF_TIME, half_time(booking.created_at, booking.expires_at)),
            (ReminderKind.ANSWER_LAST_CALL, last_call),
        )
    )


def session_reminders(booking: Booking, start: datetime) -> tuple[Reminder, ...]:
    """The reminders of a session: one before the late window opens, two before the start."""
    policy = booking.policy
    notice = late_from(start, policy) - policy.late_window_notice
    return (
        _reminder(booking, ReminderKind.LATE_WINDOW_OPENS, notice, Role.PROVIDER),
        *(
            _reminder(
                booking, ReminderKind.SESSION_STARTS, start - before, Role.PROVIDER, Role.CLIENT
            )
            for before in policy.reminders_before_start
        ),
    )


def _reminder(booking: Booking, kind: ReminderKind, due_at: datetime, *to: Role) -> Reminder:
    at = due_at + spread(booking.id, booking.policy.reminder_spread)
    return Reminder(kind=kind, due_at=due_at, at=at, to=to)


def deadlines(booking: Booking) -> list[Deadline]:
    """Everything that will happen to a booking by itself, soonest first."""
    found: list[Deadline] = []
    if booking.state is State.PENDING:
        found.append(Deadline(kind=DeadlineKind.EXPIRE, at=booking.expires_at))
    elif booking.state is State.CONFIRMED:
        proposal = booking.reschedule
        if proposal and proposal.status is RescheduleStatus.PROPOSED:
            found.append(Deadline(kind=DeadlineKind.LAPSE, at=proposal.lapses_at))
        found.append(Deadline(kind=DeadlineKind.COMPLETE, at=completes_at(booking)))
    if not booking.closed:
        found += [
            Deadline(kind=DeadlineKind.REMIND, at=reminder.at, reminder=reminder)
            for reminder in booking.reminders
        ]
    # The sort is stable: at the same instant, what decides something goes before a reminder.
    return sorted(found, key=lambda deadline: deadline.at)


def next_deadline(booking: Booking) -> Deadline | None:
    """The next thing that happens by itself; `None` once a booking is closed."""
    return next(iter(deadlines(booking)), None)
