"""What can happen to a booking, in the past tense, as other services read it in the feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.booking.state import Booking, Fault, Initiator, Reminder
from domain.lateness import LateKind, Receipt
from domain.party import Role


@dataclass(frozen=True, kw_only=True)
class BookingRequested:
    """A client asked for a session; `booking` is how the booking began."""

    at: datetime
    booking: Booking
    type: Literal["booking.requested"] = "booking.requested"


@dataclass(frozen=True, kw_only=True)
class BookingConfirmed:
    """The provider took one of the preferred times."""

    at: datetime
    start: datetime
    type: Literal["booking.confirmed"] = "booking.confirmed"


@dataclass(frozen=True, kw_only=True)
class BookingDeclined:
    """The provider turned the request down."""

    at: datetime
    reason: str
    over_scheduling: bool
    type: Literal["booking.declined"] = "booking.declined"


@dataclass(frozen=True, kw_only=True)
class BookingExpired:
    """Nobody answered the request in time."""

    at: datetime
    type: Literal["booking.expired"] = "booking.expired"


@dataclass(frozen=True, kw_only=True)
class BookingCancelled:
    """The booking was cancelled, or withdrawn while it was pending (`withdrawn`).

    `receipt` says how late it was, where the provider initiated it or is said to have.
    """

    at: datetime
    reason: str
    initiated_by: Initiator
    initiated_at: datetime
    executed_by: Role
    fault: Fault
    withdrawn: bool = False
    receipt: Receipt | None = None
    type: Literal["booking.cancelled"] = "booking.cancelled"


@dataclass(frozen=True, kw_only=True)
class BookingRescheduled:
    """Support amended the date."""

    at: datetime
    start: datetime
    previous_start: datetime
    initiated_by: Initiator
    initiated_at: datetime
    fault: Fault
    executed_by: Role = Role.SUPPORT
    receipt: Receipt | None = None
    type: Literal["booking.rescheduled"] = "booking.rescheduled"


@dataclass(frozen=True, kw_only=True)
class BookingCompleted:
    """The session's end has passed."""

    at: datetime
    type: Literal["booking.completed"] = "booking.completed"


@dataclass(frozen=True, kw_only=True)
class CancellationAsked:
    """The provider asked the client to cancel; it counts only if the client does."""

    at: datetime
    reason: str
    receipt: Receipt
    type: Literal["cancellation.asked"] = "cancellation.asked"


@dataclass(frozen=True, kw_only=True)
class RescheduleProposed:
    """The provider proposed other times; if that was late, it counts from now on."""

    at: datetime
    starts: tuple[datetime, ...]
    reason: str
    lapses_at: datetime
    receipt: Receipt
    type: Literal["reschedule.proposed"] = "reschedule.proposed"


@dataclass(frozen=True, kw_only=True)
class RescheduleAccepted:
    """The client accepted a proposed time; support amends the date next."""

    at: datetime
    start: datetime
    type: Literal["reschedule.accepted"] = "reschedule.accepted"


@dataclass(frozen=True, kw_only=True)
class RescheduleDeclined:
    """The client declined the proposed times, and the booking stays as it is."""

    at: datetime
    type: Literal["reschedule.declined"] = "reschedule.declined"


@dataclass(frozen=True, kw_only=True)
class RescheduleLapsed:
    """The proposed times were not answered in time, and the booking stays as it is.

    Or the client had `accepted` one, which support had not entered by the end of the session.
    """

    at: datetime
    accepted: bool = False
    type: Literal["reschedule.lapsed"] = "reschedule.lapsed"


@dataclass(frozen=True, kw_only=True)
class LateEventReported:
    """Something late is reported to the provider's standing, which counts it once by its `id`."""

    at: datetime
    id: str
    kind: LateKind
    scheduled_start: datetime
    initiated_at: datetime
    late_within_seconds: int
    claimed: bool = False
    type: Literal["late-event.reported"] = "late-event.reported"


@dataclass(frozen=True, kw_only=True)
class ReminderSent:
    """A reminder went out."""

    at: datetime
    reminder: Reminder
    type: Literal["reminder.sent"] = "reminder.sent"


@dataclass(frozen=True, kw_only=True)
class ReminderSkipped:
    """A reminder did not go out, because its time was past or it had lost its meaning."""

    at: datetime
    reminder: Reminder
    why: str
    type: Literal["reminder.skipped"] = "reminder.skipped"


BookingEvent = (
    BookingRequested
    | BookingConfirmed
    | BookingDeclined
    | BookingExpired
    | BookingCancelled
    | BookingRescheduled
    | BookingCompleted
    | CancellationAsked
    | RescheduleProposed
    | RescheduleAccepted
    | RescheduleDeclined
    | RescheduleLapsed
    | LateEventReported
    | ReminderSent
    | ReminderSkipped
)

Beside = LateEventReported | ReminderSent | ReminderSkipped
"""Events that leave the booking's revision and its last decision as they are."""
