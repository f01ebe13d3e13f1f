"""Every promise about time in a provider's standing, as functions whose results can be printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.lateness import LateKind
from domain.standing.state import ClaimStatus, Standing


class DeadlineKind(StrEnum):
    """What happens when a deadline passes: the clock's own commands."""

    UPHOLD_CLAIM = "uphold-claim"
    END_PROOF_WINDOW = "end-proof-window"
    AGE_EVENTS = "age-events"


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """The next thing that happens by itself, when, and to what.

    Events age without a `subject` where those are meant that the standing no longer carries.
    """

    kind: DeadlineKind
    at: datetime
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".strip()


def deadlines(standing: Standing) -> list[Deadline]:
    """Everything that will happen to a standing by itself, soonest first."""
    found = [
        Deadline(kind=DeadlineKind.UPHOLD_CLAIM, at=claim.due_at, subject=claim.id)
        for claim in standing.claims.values()
        if claim.status is ClaimStatus.OPEN
    ]
    case = standing.case
    if case and not case.due_passed and standing.suspension is None:
        found.append(Deadline(kind=DeadlineKind.END_PROOF_WINDOW, at=case.due_at))
    window = standing.policy.window
    if window is not None:
        # What a case or a suspension rests on does not age while that lasts: it was right when it
        # began, and would otherwise end by itself, with the proof unread.
        held = standing.in_excess() if case or standing.suspension else ()
        found += [
            Deadline(kind=DeadlineKind.AGE_EVENTS, at=event.initiated_at + window, subject=event.id)
            for event in standing.events.values()
            if not event.aged and event not in held
        ]
        found += [
            Deadline(kind=DeadlineKind.AGE_EVENTS, at=standing.folded.since[kind] + window)
            for kind in folded_and_free(standing)
        ]
    return sorted(found, key=lambda deadline: deadline.at)


def folded_and_free(standing: Standing) -> tuple[LateKind, ...]:
    """The kinds of which events count that are not carried, and that nothing keeps from ageing."""
    held = standing.kinds_beyond() if standing.case or standing.suspension else ()
    counting = standing.folded.counting
    return tuple(kind for kind in LateKind if counting.get(kind) and kind not in held)


def next_deadline(standing: Standing) -> Deadline | None:
    """The next thing that happens by itself, if anything will."""
    return next(iter(deadlines(standing)), None)
