"""What happened to a standing, in sentences that a provider or support can be read."""

from __future__ import annotations

from domain.instants import in_words, rfc3339
from domain.lateness import LateKind, margin_in_words
from domain.standing import events as happened
from domain.standing.events import StandingEvent
from domain.standing.state import Case, Cause, LateEvent, Proof, Standing

LISTED = 50
"""A statement of reasons lists this many of the newest late events, and counts the others."""


def statement_of_reasons(standing: Standing) -> tuple[str, ...]:
    """Why a case is opened: the rule first, then each late event that counts."""
    policy = standing.policy
    if policy.combined:
        excess = [(standing.count_in_all(), "events")]
    else:
        excess = [(standing.count(kind), plural(kind)) for kind in standing.kinds_beyond()]
    rules = (
        f"{count} late {what}, more than the {policy.allowed} that are allowed "
        f"within {in_words(policy.late_within)} of the session."
        for count, what in excess
    )
    return (*rules, *_evidence(standing))


def reasons_so_far(standing: Standing, case: Case) -> tuple[str, ...]:
    """What a case was opened for, and the late events that have joined it since."""
    return (*case.reasons, *(line for line in _evidence(standing) if line not in case.reasons))


def _evidence(standing: Standing) -> tuple[str, ...]:
    """The late events that weigh in a case: the newest, and how many more there are."""
    listed = tuple(map(in_evidence, standing.in_excess()[-LISTED:]))
    more = sum(map(standing.count_of, standing.kinds_beyond())) - len(listed)
    return (*listed, f"{more} more that are on record.") if more else listed


def in_evidence(event: LateEvent) -> str:
    """A late event as a case names it: which booking, initiated when, how close to the session."""
    return (
        f"Booking {event.booking_id}: a {event.kind} initiated at {rfc3339(event.initiated_at)}, "
        f"{margin_in_words(event.margin_seconds)} of {rfc3339(event.scheduled_start)}."
    )


def suspension_reason(standing: Standing, events: tuple[StandingEvent, ...]) -> str:
    """Why topics are suspended at the end of a case."""
    for event in events:
        if isinstance(event, happened.ProofRejected):
            return f"The proof was rejected: {event.note or 'no note was given.'}"
    case = standing.case
    if case and any(_is_of(case, proof) for proof in standing.proofs.values()):
        return "The proof provided leaves more late events than are allowed."
    return f"No proof was provided within {in_words(standing.policy.proof_within)}."


def _is_of(case: Case, proof: Proof) -> bool:
    """Whether a proof was brought during a case, or lay with support when it was opened."""
    return max(proof.submitted_at, proof.reviewed_at or proof.submitted_at) >= case.opened_at


def plural(kind: LateKind) -> str:
    """The kind of a late event, in the plural."""
    return f"{kind}s"


def counted(count: int, kind: LateKind) -> str:
    """So many late events of a kind: `1 late cancellation`."""
    return f"{count} late {kind if count == 1 else plural(kind)}"


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def ordinal(count: int) -> str:
    """`third` for 3; beyond `ninth`, `number 10` and so on."""
    return _ORDINALS[count - 1] if 0 < count <= len(_ORDINALS) else f"number {count}"


def warning(warned: happened.StandingWarned) -> str:
    """A warning, and what the next one means."""
    what = "event" if warned.combined else warned.kind
    left = warned.allowed - warned.count
    following = (
        f"The next late {what} opens a suspension case."
        if left <= 0
        else f"{left} more {'is' if left == 1 else 'are'} met with a warning; "
        f"the one after that opens a suspension case."
    )
    return f"This is the {ordinal(warned.count)} late {what}. {following}"


def whether_it_counts(*, counts: bool) -> str:
    """What an upheld claim has come to, for the end of a sentence."""
    return "it counts" if counts else "it is on record, and does not count"


def describe(event: StandingEvent) -> str:  # noqa: PLR0912 - a case an event
    """One event as a sentence. Instants are printed in UTC."""
    match event:
        case happened.LateEventRecorded(event=late):
            judged = "" if late.late else " It was not late, and does not count."
            return f"On record. {in_evidence(late)}{judged}"
        case happened.LateEventsExcused(ids=ids, proof_id=proof_id):
            return f"Excused by {proof_id}: {', '.join(ids)}."
        case happened.LateEventsAged(ids=ids):
            return f"Too long ago to count: {', '.join(ids)}."
        case happened.ClaimOpened(claim=claim):
            return (
                f"The client of booking {claim.booking_id} says that the provider initiated the "
                f"cancellation. It counts unless it is contested by {rfc3339(claim.due_at)}."
            )
        case happened.ClaimContested():
            return "The provider contests the claim; support decides."
        case happened.ClaimUpheld(uncontested=uncontested, counts=counts):
            how = (
                "Nobody contested the claim in time" if uncontested else "Support upheld the claim"
            )
            return f"{how}: {whether_it_counts(counts=counts)}."
        case happened.ClaimDismissed():
            return "Support dismissed the claim: it does not count."
        case happened.StandingWarned():
            return f"Warned. {warning(event)}"
        case happened.CaseOpened(case=case):
            return (
                f"A suspension case was opened. {' '.join(case.reasons)} "
                f"Proof can be provided until {rfc3339(case.due_at)}."
            )
        case happened.CaseDuePassed():
            return "The time to provide proof is over."
        case happened.CaseClosed(outcome=outcome):
            return f"The case was closed: {outcome}."
        case happened.ProofSubmitted(proof=proof):
            return f"The provider brought {proof.id}, for {', '.join(proof.covers)}."
        case happened.ProofAccepted(proof_id=proof_id):
            return f"Support accepted {proof_id}."
        case happened.ProofRejected(proof_id=proof_id, note=note):
            return f"Support rejected {proof_id}: {note or 'no note was given.'}"
        case happened.TopicsSuspended(cause=cause, reason=reason):
            who = "by support" if cause is Cause.SUPPORT else "at the end of the case"
            return f"Topics suspended {who}: {reason}"
        case happened.TopicsReinstated(reason=reason):
            return f"Topics reinstated: {reason}"
