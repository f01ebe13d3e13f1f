"""What a provider's standing is at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.lateness import LateKind
from domain.policy import DEFAULT_POLICY, Policy


class Status(StrEnum):
    """Where a provider stands, in the words of the portal."""

    GOOD = "good"
    WARNED = "warned"
    CASE_OPEN = "case-open"
    UNDER_REVIEW = "under-review"
    SUSPENDED = "suspended"


class ClaimStatus(StrEnum):
    """What has become of a client's word that the provider initiated a late cancellation."""

    OPEN = "open"
    CONTESTED = "contested"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class ProofStatus(StrEnum):
    """Whether support has reviewed a proof."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Cause(StrEnum):
    """Why topics are suspended: a case that ran its course, or support's own decision."""

    CASE = "case"
    SUPPORT = "support"


@dataclass(frozen=True, kw_only=True)
class LateEvent:
    """One late event on record. It counts unless it is excused, settled, aged, or only claimed."""

    id: str
    booking_id: str
    kind: LateKind
    scheduled_start: datetime
    initiated_at: datetime
    margin_seconds: int
    late: bool
    excused: bool = False
    settled: bool = False
    aged: bool = False

    @property
    def can_count(self) -> bool:
        """Whether it counts unless it is only claimed."""
        return self.late and not (self.excused or self.settled or self.aged)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A client's word against the provider, about the late event of the same id."""

    id: str
    booking_id: str
    due_at: datetime
    status: ClaimStatus = ClaimStatus.OPEN
    note: str = ""

    @property
    def is_undecided(self) -> bool:
        """Whether it is neither upheld nor dismissed."""
        return self.status in (ClaimStatus.OPEN, ClaimStatus.CONTESTED)


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document that supports a proof, by its name and where it lies."""

    name: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a provider brought to have late events excused."""

    id: str
    covers: tuple[str, ...]
    statement: str
    documents: tuple[Document, ...]
    submitted_at: datetime
    status: ProofStatus = ProofStatus.SUBMITTED
    note: str = ""
    reviewed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """A suspension case: why it was opened, and until when proof can be provided."""

    opened_at: datetime
    due_at: datetime
    reasons: tuple[str, ...]
    due_passed: bool = False


@dataclass(frozen=True, kw_only=True)
class Suspension:
    """Why and since when a provider's topics are suspended."""

    since: datetime
    cause: Cause
    reason: str


@dataclass(frozen=True, kw_only=True)
class Folded:
    """What a standing still knows of late events that it no longer carries one by one.

    `events` is how many they are; `counting` how many of each kind count. `since` is the earliest
    instant at which one of those can have been initiated.
    """

    events: int = 0
    counting: dict[LateKind, int] = field(default_factory=dict)
    since: dict[LateKind, datetime] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One provider's standing. All instants are aware and in UTC.

    `events` and `claims` are those that it carries one by one, as they came; `folded` stands for
    the rest, which the record alone has.
    """

    provider_id: str
    decided_at: datetime
    policy: Policy = DEFAULT_POLICY
    revision: int = 0
    events: dict[str, LateEvent] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    case: Case | None = None
    suspension: Suspension | None = None
    folded: Folded = field(default_factory=Folded)

    def counts(self, event: LateEvent) -> bool:
        """Whether a late event counts against the provider as things stand."""
        claim = self.claims.get(event.id)
        return event.can_count and (claim is None or claim.status is ClaimStatus.UPHELD)

    def counting(self) -> tuple[LateEvent, ...]:
        """The late events that count and are carried, by the instant they were initiated at.

        The order is that of the events themselves, never that of their delivery.
        """
        found = [event for event in self.events.values() if self.counts(event)]
        return tuple(sorted(found, key=lambda event: (event.initiated_at, event.id)))

    def count_of(self, kind: LateKind) -> int:
        """How many late events of this one kind count."""
        carried = sum(
            1 for event in self.events.values() if event.kind is kind and self.counts(event)
        )
        return carried + self.folded.counting.get(kind, 0)

    def count(self, kind: LateKind) -> int:
        """How many late events of a kind count; of both kinds where they are counted together."""
        return self.count_in_all() if self.policy.combined else self.count_of(kind)

    def count_in_all(self) -> int:
        """How many late events count, of whichever kind."""
        return sum(map(self.count_of, LateKind))

    def kinds_beyond(self) -> tuple[LateKind, ...]:
        """The kinds of which there are more than are allowed."""
        return tuple(kind for kind in LateKind if self.count(kind) > self.policy.allowed)

    def in_excess(self) -> tuple[LateEvent, ...]:
        """The carried late events that count, of the kinds of which there are too many."""
        kinds = self.kinds_beyond()
        return tuple(event for event in self.counting() if event.kind in kinds)

    def bears_on_case(self, proof: Proof) -> bool:
        """Whether a proof covers something that a case is about.

        What is no longer carried is taken for that: nobody is suspended over a proof unread.
        """
        excess = {event.id for event in self.in_excess()}
        return any(covered in excess or covered not in self.events for covered in proof.covers)

    def proofs_to_review(self) -> tuple[Proof, ...]:
        """Proofs that support has yet to review and that bear on the case."""
        return tuple(
            proof
            for proof in self.proofs.values()
            if proof.status is ProofStatus.SUBMITTED and self.bears_on_case(proof)
        )

    @property
    def status(self) -> Status:
        """Where the provider stands, computed from what is on record."""
        if self.suspension:
            return Status.SUSPENDED
        if self.case:
            return Status.UNDER_REVIEW if self.proofs_to_review() else Status.CASE_OPEN
        return Status.WARNED if self.count_in_all() else Status.GOOD
