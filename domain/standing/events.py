"""What can happen to a provider's standing, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from domain.lateness import LateKind, Receipt
from domain.standing.state import Case, Cause, Claim, LateEvent, Proof


class CaseOutcome(StrEnum):
    """How a case ended."""

    LIFTED = "lifted"
    SUSPENDED = "suspended"


@dataclass(frozen=True, kw_only=True)
class LateEventRecorded:
    """A late event is on record."""

    at: datetime
    event: LateEvent
    receipt: Receipt | None = None
    type: Literal["late-event.recorded"] = "late-event.recorded"


@dataclass(frozen=True, kw_only=True)
class LateEventsExcused:
    """Proof was accepted for these events: they stay on record and no longer count."""

    at: datetime
    ids: tuple[str, ...]
    proof_id: str
    type: Literal["late-event.excused"] = "late-event.excused"


@dataclass(frozen=True, kw_only=True)
class LateEventsAged:
    """These events lie further back than the policy counts."""

    at: datetime
    ids: tuple[str, ...]
    type: Literal["late-event.aged"] = "late-event.aged"


@dataclass(frozen=True, kw_only=True)
class ClaimOpened:
    """A client says that the provider initiated a late cancellation."""

    at: datetime
    claim: Claim
    type: Literal["claim.opened"] = "claim.opened"


@dataclass(frozen=True, kw_only=True)
class ClaimContested:
    """The provider denies it; support decides."""

    at: datetime
    claim_id: str
    booking_id: str
    note: str
    type: Literal["claim.contested"] = "claim.contested"


@dataclass(frozen=True, kw_only=True)
class ClaimUpheld:
    """The claim holds: support says so, or nobody contested it in time.

    `counts` says whether its event counts from then on: what has been excused already does not.
    """

    at: datetime
    claim_id: str
    booking_id: str
    note: str
    uncontested: bool = False
    counts: bool = True
    type: Literal["claim.upheld"] = "claim.upheld"


@dataclass(frozen=True, kw_only=True)
class ClaimDismissed:
    """The claim does not hold, and its event does not count."""

    at: datetime
    claim_id: str
    booking_id: str
    note: str
    type: Literal["claim.dismissed"] = "claim.dismissed"


@dataclass(frozen=True, kw_only=True)
class StandingWarned:
    """The provider is told what they have done, and what the next one means.

    `count` is how many of the kind count; of both kinds where those are `combined`.
    """

    at: datetime
    kind: LateKind
    count: int
    allowed: int
    combined: bool = False
    type: Literal["standing.warned"] = "standing.warned"


@dataclass(frozen=True, kw_only=True)
class CaseOpened:
    """More late events than are allowed: a statement of reasons, and time to provide proof."""

    at: datetime
    case: Case
    type: Literal["case.opened"] = "case.opened"


@dataclass(frozen=True, kw_only=True)
class CaseDuePassed:
    """The time to provide proof is over, with a proof still waiting for support's review."""

    at: datetime
    type: Literal["case.due-passed"] = "case.due-passed"


@dataclass(frozen=True, kw_only=True)
class CaseClosed:
    """The case ended, by suspension or because it no longer stands."""

    at: datetime
    outcome: CaseOutcome
    type: Literal["case.closed"] = "case.closed"


@dataclass(frozen=True, kw_only=True)
class ProofSubmitted:
    """The provider brought proof."""

    at: datetime
    proof: Proof
    type: Literal["proof.submitted"] = "proof.submitted"


@dataclass(frozen=True, kw_only=True)
class ProofAccepted:
    """Support accepted a proof."""

    at: datetime
    proof_id: str
    note: str
    type: Literal["proof.accepted"] = "proof.accepted"


@dataclass(frozen=True, kw_only=True)
class ProofRejected:
    """Support rejected a proof."""

    at: datetime
    proof_id: str
    note: str
    type: Literal["proof.rejected"] = "proof.rejected"


@dataclass(frozen=True, kw_only=True)
class TopicsSuspended:
    """The provider's topics are no longer listed and take no new requests."""

    at: datetime
    cause: Cause
    reason: str
    type: Literal["topics.suspended"] = "topics.suspended"


@dataclass(frozen=True, kw_only=True)
class TopicsReinstated:
    """The provider's topics are listed again; `settled` events no longer count.

    `settled_besides` is how many more were settled that the standing no longer carried.
    """

    at: datetime
    reason: str
    settled: tuple[str, ...] = ()
    settled_besides: int = 0
    type: Literal["topics.reinstated"] = "topics.reinstated"


StandingEvent = (
    LateEventRecorded
    | LateEventsExcused
    | LateEventsAged
    | ClaimOpened
    | ClaimContested
    | ClaimUpheld
    | ClaimDismissed
    | StandingWarned
    | CaseOpened
    | CaseDuePassed
    | CaseClosed
    | ProofSubmitted
    | ProofAccepted
    | ProofRejected
    | TopicsSuspended
    | TopicsReinstated
)
