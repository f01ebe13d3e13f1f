"""What a standing carries of its late events, what it folds into numbers, and how it gets it back.

A standing travels whole: with every recording, and to the next history. Late events that can no
longer change a decision one by one are therefore folded into counts. The record has each of them;
where a command names one, or its time is up, it is recalled from there before anything is decided.
So a decision never depends on what happens to be folded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.lateness import LateKind
from domain.standing import commands as do
from domain.standing.commands import StandingCommand
from domain.standing.deadlines import Deadline, DeadlineKind, folded_and_free
from domain.standing.state import Claim, Folded, LateEvent, ProofStatus, Standing

CARRIED = 50
"""A standing carries this many late events, besides those whose claims are undecided."""

COVERED = 200
"""And this many besides that are covered by proofs which wait for support's review."""


@dataclass(frozen=True, kw_only=True)
class Missed:
    """Which late events a standing needs back: by their ids, or the oldest that count.

    The `oldest` are those of the named kinds that were initiated first, besides the `carried`; no
    more than `most` of them are needed. `known` is the number of the newest event of which the
    standing knows: what is on record beyond was decided by a task that was lost, and is not folded.
    """

    provider_id: str
    ids: tuple[str, ...] = ()
    oldest: tuple[LateKind, ...] = ()
    carried: tuple[str, ...] = ()
    most: int = CARRIED
    known: int | None = None


@dataclass(frozen=True, kw_only=True)
class OnRecordOnly:
    """Late events that the record has, as they came, and their claims.

    The `oldest` come by the instant they were initiated at.
    """

    events: tuple[LateEvent, ...] = ()
    claims: tuple[Claim, ...] = ()


def missed(standing: Standing, asked: StandingCommand | Deadline) -> Missed | None:
    """What has to be recalled before this can be decided; None where nothing has."""
    if not standing.folded.events:
        return None
    if isinstance(asked, Deadline):
        if asked.kind is not DeadlineKind.AGE_EVENTS or asked.subject:
            return None
        return Missed(
            provider_id=standing.provider_id,
            oldest=folded_and_free(standing),
            carried=tuple(standing.events),
        )
    ids = tuple(named for named in _named(standing, asked) if named not in standing.events)
    return Missed(provider_id=standing.provider_id, ids=ids) if ids else None


def _named(standing: Standing, command: StandingCommand) -> tuple[str, ...]:
    match command:
        case do.ReportLateEvent(id=event_id):
            return (event_id,)
        case do.SubmitProof(covers=covers):
            return covers
        case do.ReviewProof(proof_id=proof_id) if proof_id in standing.proofs:
            return standing.proofs[proof_id].covers
        case do.ContestClaim(claim_id=claim_id) | do.SettleClaim(claim_id=claim_id):
            return (claim_id,)
        case _:
            return ()


def recall(standing: Standing, wanted: Missed, found: OnRecordOnly) -> Standing:
    """The standing with some of its folded events, which go before those that it carries."""
    events = {event.id: event for event in found.events if event.id not in standing.events}
    claims = {claim.id: claim for claim in found.claims if claim.id in events}
    whole = replace(
        standing, events={**events, **standing.events}, claims={**claims, **standing.claims}
    )
    counting, since = dict(standing.folded.counting), dict(standing.folded.since)
    for event in events.values():
        if whole.counts(event):
            # What a lost task has changed counts otherwise on record than it was folded: what is
            # recorded next follows the record.
            counting[event.kind] = max(counting.get(event.kind, 0) - 1, 0)
    for kind in wanted.oldest:
        # What stays behind was initiated no earlier than the last of those that came.
        since[kind] = found.events[-1].initiated_at if found.events else since[kind]
        if len(found.events) < wanted.most:
            counting[kind] = 0
    folded = Folded(
        events=standing.folded.events - len(events),
        counting={kind: count for kind, count in counting.items() if count},
        since={kind: since[kind] for kind, count in counting.items() if count},
    )
    return replace(whole, folded=folded)


def fold(standing: Standing, carried: int = CARRIED) -> Standing:
    """The standing with no more late events than it has to carry."""
    covered = {
        event_id
        for proof in standing.proofs.values()
        if proof.status is ProofStatus.SUBMITTED
        for event_id in proof.covers
    }
    claims = standing.claims
    bears: list[LateEvent] = []
    free: list[LateEvent] = []
    for event in standing.events.values():
        # A claim that waits has a deadline, and is looked for by support.
        if not (event.id in claims and claims[event.id].is_undecided):
            (bears if event.id in covered else free).append(event)
    leaving = [*_surplus(standing, free, carried), *_surplus(standing, bears, COVERED)]
    return _without(standing, leaving) if leaving else standing


def _surplus(standing: Standing, events: list[LateEvent], carried: int) -> list[LateEvent]:
    """Those that are more than are carried: first what can no longer count, then the oldest."""
    if standing.policy.window is not None:
        # What ages soonest stays, though.
        events = sorted(events, key=lambda event: event.initiated_at, reverse=True)
    surplus = max(len(events) - carried, 0)
    return sorted(events, key=standing.counts)[:surplus]


def _without(standing: Standing, leaving: Iterable[LateEvent]) -> Standing:
    counting, since = dict(standing.folded.counting), dict(standing.folded.since)
    gone = {event.id: event for event in leaving}
    for event in gone.values():
        if standing.counts(event):
            counting[event.kind] = counting.get(event.kind, 0) + 1
            since[event.kind] = min(event.initiated_at, since.get(event.kind, event.initiated_at))
    return replace(
        standing,
        events={key: event for key, event in standing.events.items() if key not in gone},
        claims={key: claim for key, claim in standing.claims.items() if key not in gone},
        folded=Folded(events=standing.folded.events + len(gone), counting=counting, since=since),
    )
