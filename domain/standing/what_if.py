"""What would have become of a provider's standing under other rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from domain.booking.events import LateEventReported
from domain.lateness import LateKind
from domain.party import UNNAMED_SERVICE
from domain.policy import Policy
from domain.policy_words import number_in_words
from domain.refusal import Refusal
from domain.standing import commands as do
from domain.standing import events as happened
from domain.standing.commands import StandingCommand
from domain.standing.deadlines import next_deadline
from domain.standing.decide import begin, decide, elapse
from domain.standing.events import StandingEvent
from domain.standing.evolve import evolve_each
from domain.standing.state import ProofStatus, Standing, Status
from domain.standing.words import counted, in_evidence


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a standing has led to, counted."""

    warnings: int = 0
    cases: int = 0
    suspensions: int = 0

    @classmethod
    def of(cls, events: Iterable[StandingEvent]) -> Tally:
        """The warnings, the cases and the suspensions among some events."""
        found = list(events)
        return cls(
            warnings=sum(isinstance(each, happened.StandingWarned) for each in found),
            cases=sum(isinstance(each, happened.CaseOpened) for each in found),
            suspensions=sum(isinstance(each, happened.TopicsSuspended) for each in found),
        )


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A standing under a draft, and the events that led there."""

    standing: Standing
    events: tuple[StandingEvent, ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a draft would have changed for one provider, and why, in sentences."""

    provider_id: str
    recorded: Tally
    under_draft: Tally
    status: Status
    status_under_draft: Status
    why: tuple[str, ...]


def given_under_draft(
    recorded: Sequence[StandingCommand], anew: Mapping[str, Sequence[LateEventReported]]
) -> tuple[StandingCommand, ...]:
    """The commands that a standing would have been given, in the order of their instants.

    `recorded` are those that it was given, each with its `at`. `anew` has, for each booking on
    record, what it would have reported. Where a booking is another service's, its report stays, and
    the draft judges it.
    """
    wanted = {report.id: (booking, report) for booking in anew for report in anew[booking]}
    found: list[StandingCommand] = []
    for command in recorded:
        if not isinstance(command, do.ReportLateEvent):
            found.append(command)
        elif command.booking_id not in anew:
            found.append(replace(command, late_within_seconds=None))
        elif command.id in wanted:
            booking, report = wanted.pop(command.id)
            # It came when it came; what it says is what the draft makes of it.
            found.append(replace(_command(booking, report), at=command.at, by=command.by))
    found += [_command(booking, report) for booking, report in wanted.values()]
    return tuple(sorted(found, key=_given))


def _given(command: StandingCommand) -> datetime:
    if command.at is None:
        raise ValueError("what is replayed was given at some instant")
    return command.at


def _command(booking_id: str, report: LateEventReported) -> do.ReportLateEvent:
    return do.ReportLateEvent(
        by=UNNAMED_SERVICE,
        at=report.at,
        id=report.id,
        booking_id=booking_id,
        kind=report.kind,
        scheduled_start=report.scheduled_start,
        initiated_at=report.initiated_at,
        claimed=report.claimed,
    )


def replay(
    provider_id: str, given: Sequence[StandingCommand], draft: Policy, now: datetime
) -> Replayed:
    """A standing as it would be now, had the draft been the rule from the beginning.

    Deadlines pass in between, as the draft has them. What people did stays as it is on record; what
    would have had no object then (a reinstatement without a suspension, a proof for an event that
    does not exist) is left out.
    """
    began = min(map(_given, given), default=now)
    live = _Live(replace(begin(provider_id, began), policy=draft))
    for command in given:
        live.wait(_given(command))
        live.give(command)
    live.wait(now)
    return Replayed(standing=live.standing, events=tuple(live.events))


class _Live:
    """A standing that is played through once more, with nothing folded."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.events: list[StandingEvent] = []
        self._proofs: list[str | None] = []

    def wait(self, until: datetime) -> None:
        while (deadline := next_deadline(self.standing)) and deadline.at <= until:
            self._take(elapse(self.standing, deadline, deadline.at))

    def give(self, command: StandingCommand) -> None:
        known = self._with_what_is_there(command)
        if known is None:
            return
        answer = decide(self.standing, known, _given(command))
        if not isinstance(answer, Refusal):
            self._take(answer)
        if isinstance(command, do.SubmitProof):
            submitted = () if isinstance(answer, Refusal) else answer
            ids = [e.proof.id for e in submitted if isinstance(e, happened.ProofSubmitted)]
            self._proofs.append(ids[0] if ids else None)

    def _take(self, events: tuple[StandingEvent, ...]) -> None:
        self.standing = evolve_each(self.standing, events)
        self.events += events

    def _with_what_is_there(self, command: StandingCommand) -> StandingCommand | None:
        """The command, about what exists under the draft; None where nothing of it does."""
        events = self.standing.events
        match command:
            case do.SubmitProof(covers=covers):
                left = tuple(each for each in covers if each in events and not events[each].excused)
                if not left:
                    self._proofs.append(None)
                    return None
                return replace(command, covers=left)
            case do.ReviewProof(proof_id=proof_id):
                number = int(proof_id.removeprefix("proof-"))
                now_called = self._proofs[number - 1] if number <= len(self._proofs) else None
                proof = self.standing.proofs.get(now_called or "")
                if proof is None or proof.status is not ProofStatus.SUBMITTED:
                    return None
                return replace(command, proof_id=proof.id)
            case _:
                return command


def compared(
    provider_id: str,
    recorded: Replayed,
    under_draft: Replayed,
    policies: tuple[Policy, Policy],
) -> Change | None:
    """What a draft would have changed for a provider; None if nothing."""
    before, after = Tally.of(recorded.events), Tally.of(under_draft.events)
    was, would_be = recorded.standing, under_draft.standing
    if before == after and was.status is would_be.status:
        return None
    return Change(
        provider_id=provider_id,
        recorded=before,
        under_draft=after,
        status=was.status,
        status_under_draft=would_be.status,
        why=tuple(_why(recorded, under_draft, policies)),
    )


def _why(
    recorded: Replayed, under_draft: Replayed, policies: tuple[Policy, Policy]
) -> Iterable[str]:
    was = {each.event.id: each.event for each in _late(recorded)}
    would_be = {each.event.id: each.event for each in _late(under_draft)}
    for event_id, event in would_be.items():
        if event.late and not (event_id in was and was[event_id].late):
            yield f"Late under the draft, and not as it is on record. {in_evidence(event)}"
    for event_id, event in was.items():
        if event.late and not (event_id in would_be and would_be[event_id].late):
            yield f"Not late under the draft. {in_evidence(event)}"
    policy, draft = policies
    for field in fields(Policy):
        if field.name in _COUNTING and getattr(policy, field.name) != getattr(draft, field.name):
            there, here = (number_in_words(getattr(each, field.name)) for each in (policy, draft))
            yield f"{field.name} is {here} under the draft, not {there}."
    counts = [counted(under_draft.standing.count(kind), kind) for kind in LateKind]
    yield (
        f"Under the draft {' and '.join(counts)} count today, of {draft.allowed} allowed"
        f"{' together' if draft.combined else ' of each'}."
    )


_COUNTING = ("allowed", "combined", "window", "proof_within", "contest_within")


def _late(replayed: Replayed) -> list[happened.LateEventRecorded]:
    return [each for each in replayed.events if isinstance(each, happened.LateEventRecorded)]
