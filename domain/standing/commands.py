"""What bookings, providers and support can ask of a standing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.lateness import LateKind
from domain.party import Party, Role
from domain.standing.state import Document


@dataclass(frozen=True, kw_only=True)
class StandingCommand:
    """What every command says: who gives it, when, and an id that makes it safe to repeat."""

    name: ClassVar[str]
    party: ClassVar[Role]

    command_id: str | None = None
    by: Party | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ReportLateEvent(StandingCommand):
    """A booking reports something late. Delivered twice, it counts once, by its `id`.

    `late_within_seconds` is the late window that the booking was made under: a later change of the
    marketplace's number never touches it. Left out, the standing's own policy says what is late.
    """

    name = "late-event"
    party = Role.SERVICE
    id: str
    booking_id: str
    kind: LateKind
    scheduled_start: datetime
    initiated_at: datetime
    claimed: bool = False
    late_within_seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class SubmitProof(StandingCommand):
    """The provider brings proof of extenuating circumstances for some late events."""

    name = "submit-proof"
    party = Role.PROVIDER
    covers: tuple[str, ...]
    statement: str
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReviewProof(StandingCommand):
    """Support accepts or rejects a proof."""

    name = "review-proof"
    party = Role.SUPPORT
    proof_id: str
    accept: bool
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ContestClaim(StandingCommand):
    """The provider denies having initiated a cancellation."""

    name = "contest-claim"
    party = Role.PROVIDER
    claim_id: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class SettleClaim(StandingCommand):
    """Support upholds or dismisses a client's claim."""

    name = "settle-claim"
    party = Role.SUPPORT
    claim_id: str
    uphold: bool
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Suspend(StandingCommand):
    """Support suspends the provider's topics."""

    name = "suspend"
    party = Role.SUPPORT
    reason: str


@dataclass(frozen=True, kw_only=True)
class Reinstate(StandingCommand):
    """Support reinstates the provider's topics, and settles every event counted so far."""

    name = "reinstate"
    party = Role.SUPPORT
    reason: str


COMMANDS: dict[str, type[StandingCommand]] = {
    command.name: command
    for command in (
        ReportLateEvent,
        SubmitProof,
        ReviewProof,
        ContestClaim,
        SettleClaim,
        Suspend,
        Reinstate,
    )
}
