"""What a booking is at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.lateness import Receipt
from domain.party import Party, Role
from domain.policy import DEFAULT_POLICY, Policy


class State(StrEnum):
    """Where a booking stands, in the words of the portal."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


OPEN = frozenset({State.PENDING, State.CONFIRMED})
CLOSED = frozenset(State) - OPEN


class Initiator(StrEnum):
    """Whose idea a cancellation or a new date was; `unknown` where nobody can tell."""

    PROVIDER = "provider"
    CLIENT = "client"
    SUPPORT = "support"
    SERVICE = "service"
    UNKNOWN = "unknown"


class Fault(StrEnum):
    """Whom a cancellation or a new date is held against. Only the provider's fault ever counts."""

    PROVIDER = "provider"
    CLIENT = "client"
    CLAIMED = "claimed"
    """The client says that it was the provider's; nobody has settled it yet."""
    NOBODY = "nobody"


class RescheduleStatus(StrEnum):
    """Whether the client has answered the proposal that is open."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"


class CancellationStatus(StrEnum):
    """Whether the provider has only asked for a cancellation, or it is done."""

    ASKED = "asked"
    DONE = "done"


class ReminderKind(StrEnum):
    """What a reminder is about."""

    ANSWER_HALF_TIME = "answer-half-time"
    ANSWER_LAST_CALL = "answer-last-call"
    LATE_WINDOW_OPENS = "late-window-opens"
    SESSION_STARTS = "session-starts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """One reminder that is armed. `due_at` is when it is due by the rules; it goes out at `at`."""

    kind: ReminderKind
    due_at: datetime
    at: datetime
    to: tuple[Role, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reschedule:
    """The one proposal of new times that a confirmed booking may hold."""

    status: RescheduleStatus
    initiated_by: Initiator
    initiated_at: datetime
    starts: tuple[datetime, ...]
    reason: str
    lapses_at: datetime
    receipt: Receipt
    accepted_start: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancellation:
    """A cancellation that the provider has asked for, or that is done."""

    status: CancellationStatus
    initiated_by: Initiator
    initiated_at: datetime
    reason: str
    late: bool
    executed_by: Role | None = None
    fault: Fault | None = None
    claimed: bool = False
    receipt: Receipt | None = None
    counted_already: bool = False
    """Asked while a late proposal was open: one incident with it, also after that is declined."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """One booking, whole: everything that its next decision may depend on.

    All instants are aware and in UTC. `revision` counts the events that changed the booking
    (reminders do not). `decided_at` is the instant of its last decision: no later command can
    claim to have been given before it.
    """

    id: str
    topic_id: str
    provider_id: str
    client_id: str
    preferred_starts: tuple[datetime, ...]
    duration_minutes: int
    created_at: datetime
    decided_at: datetime
    expires_at: datetime
    title: str = ""
    note: str = ""
    policy: Policy = DEFAULT_POLICY
    state: State = State.PENDING
    revision: int = 1
    amendments: int = 0
    scheduled_start: datetime | None = None
    reschedule: Reschedule | None = None
    cancellation: Cancellation | None = None
    reminders: tuple[Reminder, ...] = ()

    @property
    def duration(self) -> timedelta:
        """How long the session lasts."""
        return timedelta(minutes=self.duration_minutes)

    @property
    def scheduled_end(self) -> datetime | None:
        """When the session ends; `None` until it is confirmed."""
        return self.scheduled_start + self.duration if self.scheduled_start else None

    @property
    def closed(self) -> bool:
        """Whether nothing can change this booking any more."""
        return self.state in CLOSED

    @property
    def parties(self) -> tuple[Party, Party]:
        """The booking's provider and its client."""
        return (
            Party(role=Role.PROVIDER, id=self.provider_id),
            Party(role=Role.CLIENT, id=self.client_id),
        )

    def party_id(self, role: Role) -> str | None:
        """The id of the booking's own provider or client; `None` for any other role."""
        return {Role.PROVIDER: self.provider_id, Role.CLIENT: self.client_id}.get(role)
