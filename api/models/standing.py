"""A provider's standing."""

from __future__ import annotations

from api.models.base import Answer, Instant, Page
from domain.lateness import LateKind
from domain.standing.state import Cause, ClaimStatus, ProofStatus, Status


class CaseModel(Answer):
    """A suspension case."""

    opened_at: Instant
    due_at: Instant
    """Until when proof can be provided."""
    reasons: list[str]


class SuspensionModel(Answer):
    """Why the provider's topics are suspended."""

    since: Instant
    cause: Cause
    reason: str


class LateEventModel(Answer):
    """A late cancellation or a late reschedule on record."""

    id: str
    booking_id: str
    kind: LateKind
    scheduled_start: Instant
    initiated_at: Instant
    margin_seconds: int
    counts: bool
    """Whether it counts against the provider as things stand."""
    excused: bool
    settled: bool


class LateEventsPage(Page[LateEventModel]):
    """Some of a provider's late events, the newest on record first."""


class ClaimModel(Answer):
    """A client's word that the provider initiated a late cancellation."""

    id: str
    booking_id: str
    status: ClaimStatus
    due_at: Instant
    """It counts unless it is contested by then."""
    note: str


class DocumentModel(Answer):
    """A document that supports a proof."""

    name: str
    url: str


class ProofModel(Answer):
    """What the provider brought to have late events excused."""

    id: str
    status: ProofStatus
    covers: list[str]
    statement: str
    documents: list[DocumentModel]
    submitted_at: Instant
    note: str


class StandingModel(Answer):
    """Where a provider stands, and everything that it follows from."""

    provider_id: str
    status: Status
    revision: int
    late_cancellations: int
    late_reschedules: int
    allowed: int
    """So many of each kind are met with a warning; the next one opens a case."""
    policy: str
    case: CaseModel | None
    suspension: SuspensionModel | None
    events: list[LateEventModel]
    """The newest, and of older ones those that matter now; `late-events` has them all."""
    events_in_all: int
    claims: list[ClaimModel]
    proofs: list[ProofModel]
