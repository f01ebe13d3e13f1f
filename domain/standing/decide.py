"""What a command does to a standing: events, or a refusal. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from domain.instants import given_at
from domain.lateness import judge
from domain.party import A_BOOKING, UNNAMED_SERVICE, Role, only_for
from domain.policy import CLOCK_TOLERANCE, Policy
from domain.refusal import Code, Refusal, refuse
from domain.rules import with_numbers
from domain.standing import commands as do
from domain.standing import events as happened
from domain.standing.commands import StandingCommand
from domain.standing.consequences import Events, with_consequences
from domain.standing.deadlines import Deadline, DeadlineKind
from domain.standing.events import CaseOutcome
from domain.standing.state import (
    Cause,
    Claim,
    ClaimStatus,
    LateEvent,
    Proof,
    ProofStatus,
    Standing,
)

CLAIMS_WAITING = 200
"""So many claims against one provider wait at most; a further one is dismissed when it comes.

A claim that waits is carried about as long as it does, and nobody may make a standing as large as
they please. Support can still suspend a provider against whom so many are brought."""

_RULES: dict[str, str] = {
    "late-event": "Late cancellations and late reschedules are counted, each kind by itself.",
    "submit-proof": "A provider may bring proof of extenuating circumstances at any time.",
    "review-proof": "Support reviews a proof; the events of an accepted one are excused.",
    "contest-claim": "A provider may contest a client's claim within {contest_within}.",
    "settle-claim": "Support upholds or dismisses a client's claim.",
    "suspend": "Support may suspend a provider's topics.",
    "reinstate": "Reinstatement settles every event counted so far.",
    DeadlineKind.UPHOLD_CLAIM: "A claim that is not contested within {contest_within} counts.",
    DeadlineKind.END_PROOF_WINDOW: "With no proof within {proof_within}, the topics are suspended.",
    DeadlineKind.AGE_EVENTS: "A late event counts for as long as the policy says.",
}
"""The rule behind each command and deadline of a standing; it names the numbers of a policy."""


def rule_behind(command: str, policy: Policy) -> str:
    """The rule behind a command or a deadline, with the policy's own numbers, for the timeline."""
    return with_numbers(_RULES[command], policy)


def begin(provider_id: str, now: datetime) -> Standing:
    """The standing of a provider of whom nothing late is known."""
    return Standing(provider_id=provider_id, decided_at=now)


def decide(standing: Standing, command: StandingCommand, now: datetime) -> Events | Refusal:
    """What a command does to a standing: the events that follow, or why it is refused.

    An event that is on record already is no refusal: it changes nothing, and answers with no
    events. `now` is when the command is handled; it is judged by when it was given.
    """
    by = command.by or UNNAMED_SERVICE
    if by.role not in (command.party, Role.SERVICE):
        return refuse(Code.NOT_ALLOWED, only_for(command.party, not_for=by.role))
    if by.role is Role.PROVIDER and by.id != standing.provider_id:
        return refuse(Code.NOT_ALLOWED, "This is another provider's standing.")
    given = given_at(command.at, now=now, last_decision=standing.decided_at)
    if isinstance(given, Refusal):
        return given
    told = _told(given, now)
    events = (
        _report(standing, command, given, told)
        if isinstance(command, do.ReportLateEvent)
        else _DECIDERS[type(command)](standing, command, given)
    )
    if isinstance(events, Refusal):
        return events
    return with_consequences(standing, events, given, told)


def elapse(standing: Standing, deadline: Deadline, now: datetime) -> Events:
    """What happens when a deadline has passed; it is dated by the deadline, not by the handling.

    `now` may be later than the deadline, after an outage: a time that begins with it begins then.
    """
    at = max(deadline.at, standing.decided_at)
    match deadline.kind:
        case DeadlineKind.UPHOLD_CLAIM:
            claim = standing.claims[deadline.subject]
            upheld = _upheld(standing, claim, at, "Not contested in time.")
            events: Events = (replace(upheld, uncontested=True),)
        case DeadlineKind.AGE_EVENTS if deadline.subject not in standing.events:
            return ()  # nothing that is carried: whoever waits has to recall it first
        case DeadlineKind.AGE_EVENTS:
            return (happened.LateEventsAged(at=at, ids=(deadline.subject,)),)
        case DeadlineKind.END_PROOF_WINDOW:
            events = (happened.CaseDuePassed(at=at),)
    return with_consequences(standing, events, at, _told(at, now))


def _told(at: datetime, now: datetime) -> datetime:
    """When the provider can first hear of what is dated `at` and decided now.

    What is decided well after it happened is known to nobody before: the provider's time to contest
    a claim, or to bring proof, would be shorter than promised, or over before it began.
    """
    return now if now - at > CLOCK_TOLERANCE else at


def _report(
    standing: Standing, command: do.ReportLateEvent, given: datetime, told: datetime
) -> Events | Refusal:
    if command.id in standing.events:
        return ()
    initiated_at = command.initiated_at
    # A booking's own instants are those that both sides were shown: its clock may be ahead of ours,
    # and what it has judged late is late.
    if command.by != A_BOOKING:
        if initiated_at > given + CLOCK_TOLERANCE:
            return refuse(
                Code.AT_IMPLAUSIBLE, "It cannot have been initiated after it was reported."
            )
        initiated_at = min(initiated_at, given)
    receipt = judge(
        command.kind,
        scheduled_start=command.scheduled_start,
        initiated_at=initiated_at,
        policy=_policy_of(standing, command),
    )
    window = standing.policy.window
    event = LateEvent(
        id=command.id,
        booking_id=command.booking_id,
        kind=command.kind,
        scheduled_start=command.scheduled_start,
        initiated_at=initiated_at,
        margin_seconds=receipt.margin_seconds,
        late=receipt.late,
        aged=window is not None and initiated_at + window <= given,
    )
    recorded = happened.LateEventRecorded(at=given, event=event, receipt=receipt)
    if not (command.claimed and event.late):
        return (recorded,)
    claim = Claim(
        id=command.id,
        booking_id=command.booking_id,
        due_at=told + standing.policy.contest_within,
    )
    # Recorded second, the event never counts for the moment in which its claim is not known yet.
    opened = (happened.ClaimOpened(at=given, claim=claim), recorded)
    if sum(1 for each in standing.claims.values() if each.is_undecided) < CLAIMS_WAITING:
        return opened
    dismissed = happened.ClaimDismissed(
        at=given,
        claim_id=claim.id,
        booking_id=claim.booking_id,
        note=f"{CLAIMS_WAITING} claims wait to be settled already.",
    )
    return (*opened, dismissed)


def _policy_of(standing: Standing, command: do.ReportLateEvent) -> Policy:
    """What is late is said by the policy that the booking was made under, where the report has it.

    That is how a booking keeps its promise when the marketplace's number has changed since.
    """
    if command.late_within_seconds is None:
        return standing.policy
    return replace(standing.policy, late_within=timedelta(seconds=command.late_within_seconds))


def _submit(standing: Standing, command: do.SubmitProof, given: datetime) -> Events | Refusal:
    for event_id in command.covers:
        event = standing.events.get(event_id)
        if event is None:
            return refuse(Code.UNKNOWN_EVENT, f"There is no late event {event_id}.")
        if event.excused:
            return refuse(Code.ALREADY_EXCUSED, f"{event_id} has been excused already.")
    proof = Proof(
        id=_next_proof_id(standing),
        covers=command.covers,
        statement=command.statement,
        documents=command.documents,
        submitted_at=given,
    )
    return (happened.ProofSubmitted(at=given, proof=proof),)


def _next_proof_id(standing: Standing) -> str:
    # Counted on from the newest, for the oldest may be gone.
    newest = next(reversed(standing.proofs), "proof-0")
    return f"proof-{int(newest.removeprefix('proof-')) + 1}"


def _review(standing: Standing, command: do.ReviewProof, given: datetime) -> Events | Refusal:
    proof = standing.proofs.get(command.proof_id)
    if proof is None:
        return refuse(Code.UNKNOWN_PROOF)
    if proof.status is not ProofStatus.SUBMITTED:
        return refuse(Code.ALREADY_REVIEWED, f"This proof was {proof.status} already.")
    if not command.accept:
        return (happened.ProofRejected(at=given, proof_id=proof.id, note=command.note),)
    accepted = happened.ProofAccepted(at=given, proof_id=proof.id, note=command.note)
    ids = tuple(event_id for event_id in proof.covers if not standing.events[event_id].excused)
    if not ids:
        return (accepted,)
    return (accepted, happened.LateEventsExcused(at=given, ids=ids, proof_id=proof.id))


def _contest(standing: Standing, command: do.ContestClaim, given: datetime) -> Events | Refusal:
    claim = standing.claims.get(command.claim_id)
    if claim is None:
        return refuse(Code.UNKNOWN_CLAIM)
    # Support is told of each that is contested, and is so once.
    if claim.status is not ClaimStatus.OPEN:
        return refuse(Code.CLAIM_SETTLED, f"This claim was {claim.status} already.")
    return (
        happened.ClaimContested(
            at=given, claim_id=claim.id, booking_id=claim.booking_id, note=command.note
        ),
    )


def _settle(standing: Standing, command: do.SettleClaim, given: datetime) -> Events | Refusal:
    claim = standing.claims.get(command.claim_id)
    if claim is None:
        return refuse(Code.UNKNOWN_CLAIM)
    if not claim.is_undecided:
        return refuse(Code.CLAIM_SETTLED, f"This claim was {claim.status} already.")
    if command.uphold:
        return (_upheld(standing, claim, given, command.note),)
    dismissed = happened.ClaimDismissed(
        at=given, claim_id=claim.id, booking_id=claim.booking_id, note=command.note
    )
    return (dismissed,)


def _upheld(standing: Standing, claim: Claim, at: datetime, note: str) -> happened.ClaimUpheld:
    return happened.ClaimUpheld(
        at=at,
        claim_id=claim.id,
        booking_id=claim.booking_id,
        note=note,
        counts=standing.events[claim.id].can_count,
    )


def _suspend(standing: Standing, command: do.Suspend, given: datetime) -> Events | Refusal:
    if standing.suspension:
        return refuse(Code.ALREADY_SUSPENDED)
    closed: Events = ()
    if standing.case:
        closed = (happened.CaseClosed(at=given, outcome=CaseOutcome.SUSPENDED),)
    suspended = happened.TopicsSuspended(at=given, cause=Cause.SUPPORT, reason=command.reason)
    return (*closed, suspended)


def _reinstate(standing: Standing, command: do.Reinstate, given: datetime) -> Events | Refusal:
    if standing.suspension is None:
        return refuse(Code.NOT_SUSPENDED)
    reinstated = happened.TopicsReinstated(
        at=given,
        reason=command.reason,
        settled=tuple(event.id for event in standing.counting()),
        settled_besides=sum(standing.folded.counting.values()),
    )
    return (reinstated,)


_DECIDERS: dict[type[StandingCommand], Callable[..., Events | Refusal]] = {
    do.SubmitProof: _submit,
    do.ReviewProof: _review,
    do.ContestClaim: _contest,
    do.SettleClaim: _settle,
    do.Suspend: _suspend,
    do.Reinstate: _reinstate,
}
