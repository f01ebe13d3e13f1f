"""How each event changes a standing. No rule is judged here: what happened, happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from domain.standing import events as happened
from domain.standing.events import StandingEvent
from domain.standing.fold import fold
from domain.standing.state import (
    Claim,
    ClaimStatus,
    Folded,
    LateEvent,
    Proof,
    ProofStatus,
    Standing,
    Suspension,
)

PROOFS_KEPT = 30
"""A standing knows this many proofs; those that were reviewed are forgotten first."""

TEXTS_KEPT = 10
"""Of this many of the newest proofs, and of the newest notes on claims, it carries the text."""

MOST_TEXT = 50_000
"""And of proofs no more text than this, in characters: the newest, whatever it takes."""


def evolve(standing: Standing, event: StandingEvent) -> Standing:  # noqa: PLR0912 - a case an event
    """The standing after one more event."""
    moved = replace(
        standing,
        revision=standing.revision + 1,
        decided_at=max(standing.decided_at, event.at),
    )
    match event:
        case happened.LateEventRecorded(event=late):
            return replace(moved, events={**standing.events, late.id: late})
        case happened.LateEventsExcused(ids=ids):
            return replace(
                moved, events=_marked(standing, ids, lambda late: replace(late, excused=True))
            )
        case happened.LateEventsAged(ids=ids):
            return replace(
                moved, events=_marked(standing, ids, lambda late: replace(late, aged=True))
            )
        case happened.ClaimOpened(claim=claim):
            return replace(moved, claims={**standing.claims, claim.id: claim})
        case happened.ClaimContested(claim_id=claim_id, note=note):
            return replace(moved, claims=_settled(standing, claim_id, ClaimStatus.CONTESTED, note))
        case happened.ClaimUpheld(claim_id=claim_id, note=note):
            return replace(moved, claims=_settled(standing, claim_id, ClaimStatus.UPHELD, note))
        case happened.ClaimDismissed(claim_id=claim_id, note=note):
            return replace(moved, claims=_settled(standing, claim_id, ClaimStatus.DISMISSED, note))
        case happened.StandingWarned():
            return moved
        case happened.CaseOpened(case=case):
            return replace(moved, case=case)
        case happened.CaseDuePassed() if standing.case:
            return replace(moved, case=replace(standing.case, due_passed=True))
        case happened.CaseClosed(outcome=outcome):
            # The statement of reasons stays in sight for as long as the suspension lasts.
            lifted = outcome is happened.CaseOutcome.LIFTED
            return replace(moved, case=None if lifted else standing.case)
        case happened.ProofSubmitted(proof=proof):
            return replace(moved, proofs=_bounded({**standing.proofs, proof.id: proof}))
        case happened.ProofAccepted():
            return replace(moved, proofs=_reviewed(standing, event, ProofStatus.ACCEPTED))
        case happened.ProofRejected():
            return replace(moved, proofs=_reviewed(standing, event, ProofStatus.REJECTED))
        case happened.TopicsSuspended(cause=cause, reason=reason):
            return replace(moved, suspension=Suspension(since=event.at, cause=cause, reason=reason))
        case happened.TopicsReinstated(settled=settled, settled_besides=besides):
            folded = standing.folded
            return replace(
                moved,
                suspension=None,
                case=None,
                events=_marked(standing, settled, lambda late: replace(late, settled=True)),
                folded=Folded(events=folded.events) if besides else folded,
            )
        case _:
            raise ValueError(f"{event.type} cannot happen to a {standing.status} standing")


def evolve_all(standing: Standing, events: Iterable[StandingEvent]) -> Standing:
    """The standing after all the events of a decision; what it need not carry is folded."""
    return fold(evolve_each(standing, events))


def evolve_each(standing: Standing, events: Iterable[StandingEvent]) -> Standing:
    """The standing after several more events, with every late event that one of them may name."""
    for event in events:
        standing = evolve(standing, event)
    return standing


def _marked(
    standing: Standing, ids: tuple[str, ...], mark: Callable[[LateEvent], LateEvent]
) -> dict[str, LateEvent]:
    return {**standing.events, **{found: mark(standing.events[found]) for found in ids}}


def _bounded(proofs: dict[str, Proof]) -> dict[str, Proof]:
    """The newest proofs, and of the newest of these the whole text.

    A standing is carried about as a whole, so no provider may make it as large as they please. The
    record keeps the text of every proof.
    """
    # By the number of the newest, the next one is numbered: it stays in any case.
    first_to_go = sorted(
        list(proofs.values())[:-1], key=lambda proof: proof.status is ProofStatus.SUBMITTED
    )
    gone = {proof.id for proof in first_to_go[: max(len(proofs) - PROOFS_KEPT, 0)]}
    kept = {proof_id: proof for proof_id, proof in proofs.items() if proof_id not in gone}
    return _with_newest_texts(kept, list(kept))


def _with_newest_texts(proofs: dict[str, Proof], order: list[str]) -> dict[str, Proof]:
    """These proofs, with the text of those alone that come last in an order of their ids."""
    told = dict(proofs)
    left = MOST_TEXT
    for place, proof_id in enumerate(reversed(order)):
        proof = proofs[proof_id]
        left -= _length(proof)
        if place > 0 and (place >= TEXTS_KEPT or left < 0):
            told[proof_id] = replace(proof, statement="", documents=(), note="")
    return told


def _length(proof: Proof) -> int:
    documents = sum(len(each.name) + len(each.url) for each in proof.documents)
    return len(proof.statement) + len(proof.note) + documents


def _settled(standing: Standing, claim_id: str, status: ClaimStatus, note: str) -> dict[str, Claim]:
    claim = replace(standing.claims[claim_id], status=status, note=note)
    claims = {**standing.claims, claim_id: claim}
    noted = [each.id for each in claims.values() if each.note]
    for told_long_ago in noted[:-TEXTS_KEPT]:
        claims[told_long_ago] = replace(claims[told_long_ago], note="")
    return claims


def _reviewed(
    standing: Standing, event: happened.ProofAccepted | happened.ProofRejected, status: ProofStatus
) -> dict[str, Proof]:
    proof = standing.proofs[event.proof_id]
    reviewed = replace(proof, status=status, note=event.note, reviewed_at=event.at)
    # What was reviewed last is news, however long ago it was brought.
    order = [*(each for each in standing.proofs if each != proof.id), proof.id]
    return _with_newest_texts({**standing.proofs, proof.id: reviewed}, order)
