"""What follows from a change of a standing: warnings, a case and its end, a suspension and its end.

Counting is never kept as a number that is raised and lowered: after everything that changes what
is on record, the standing is computed again from the events that count, so that the order in which
they were delivered cannot matter.
"""

from __future__ import annotations

from datetime import datetime

from domain.standing import events as happened
from domain.standing.events import CaseOutcome, StandingEvent
from domain.standing.evolve import evolve_each
from domain.standing.state import Case, Cause, Standing
from domain.standing.words import statement_of_reasons, suspension_reason

Events = tuple[StandingEvent, ...]


def with_consequences(standing: Standing, events: Events, at: datetime, told: datetime) -> Events:
    """The events, and what the standing computed anew makes of them.

    What follows is dated `at`; a time that is promised to the provider begins when they are `told`.
    """
    after = evolve_each(standing, events)
    return (*events, *_consequences(standing, after, events, at, told))


def _consequences(
    before: Standing, after: Standing, events: Events, at: datetime, told: datetime
) -> Events:
    if after.suspension:
        return _lifted(after, at) or _warned(before, after, at)
    if after.case is None:
        return _opened(after, at, told) or _warned(before, after, at)
    if not after.kinds_beyond():
        return (happened.CaseClosed(at=at, outcome=CaseOutcome.LIFTED),)
    rejected = any(
        isinstance(event, happened.ProofRejected)
        and after.bears_on_case(after.proofs[event.proof_id])
        for event in events
    )
    if (rejected or after.case.due_passed) and not after.proofs_to_review():
        return _suspended(after, events, at)
    return _warned(before, after, at)


def _warned(before: Standing, after: Standing, at: datetime) -> Events:
    """A warning of each event that has come to count and is still within what is allowed."""
    counted = {event.id for event in before.counting()}
    return tuple(
        happened.StandingWarned(
            at=at,
            kind=event.kind,
            count=after.count(event.kind),
            allowed=after.policy.allowed,
            combined=after.policy.combined,
        )
        for event in after.counting()
        if event.id not in counted and event.kind not in after.kinds_beyond()
    )


def _opened(after: Standing, at: datetime, told: datetime) -> Events:
    if not after.kinds_beyond():
        return ()
    case = Case(
        opened_at=at,
        due_at=told + after.policy.proof_within,
        reasons=statement_of_reasons(after),
    )
    return (happened.CaseOpened(at=at, case=case),)


def _suspended(after: Standing, events: Events, at: datetime) -> Events:
    return (
        happened.CaseClosed(at=at, outcome=CaseOutcome.SUSPENDED),
        happened.TopicsSuspended(at=at, cause=Cause.CASE, reason=suspension_reason(after, events)),
    )


def _lifted(after: Standing, at: datetime) -> Events:
    """A suspension that came of a case ends when the case no longer stands."""
    if after.suspension is None or after.suspension.cause is not Cause.CASE:
        return ()
    if after.kinds_beyond():
        return ()
    return (
        happened.TopicsReinstated(at=at, reason="The accepted proof leaves too few late events."),
    )
