"""What notices of a provider's standing say: of claims, cases, proof and suspensions."""

from __future__ import annotations

import re

from domain.booking.events import BookingEvent
from domain.instants import rfc3339
from domain.notices.about import About, Told, because, full_stop, humanly, session_of
from domain.standing import events as standing_happened
from domain.standing import words as standing_words
from domain.standing.events import CaseOutcome, StandingEvent
from domain.standing.state import Cause

_STANDING_TITLES: dict[str, str] = {
    "late-event.recorded": "A late event is on record",
    "late-event.excused": "Late events are excused",
    "late-event.aged": "Late events no longer count",
    "claim.opened": "A client says that you initiated a cancellation",
    "claim.contested": "A claim is contested: please decide",
    "claim.upheld": "A claim against you is upheld",
    "claim.dismissed": "A claim against you is dismissed",
    "standing.warned": "A warning about late changes",
    "case.opened": "A suspension case is open: you can provide proof",
    "case.due-passed": "The time to provide proof is over",
    "case.closed": "The suspension case is closed",
    "proof.submitted": "Proof to review",
    "proof.accepted": "Your proof is accepted",
    "proof.rejected": "Your proof is rejected",
    "topics.suspended": "Your topics are suspended",
    "topics.reinstated": "Your topics are listed again",
}


def of_standing(about: About, event: StandingEvent) -> Told:
    """What a notice of a standing says to its provider, or to support."""
    title = _STANDING_TITLES.get(event.type, humanly(event.type))
    return Told(title=title, text=_judged(about, event))


def _judged(about: About, event: StandingEvent) -> str:  # noqa: PLR0912 - a case an event
    session, client = session_of(about), about.client or "The client"
    cancellation = f"the cancellation of the {session}"
    match event:
        case standing_happened.ClaimOpened(claim=claim):
            return (
                f"{client} says that you initiated {cancellation}. It counts unless you contest "
                f"it on your Standing page by {rfc3339(claim.due_at)}."
            )
        case standing_happened.ClaimContested(note=note):
            return f"{about.provider} denies that {cancellation} was their wish.{because(note)}"
        case standing_happened.ClaimUpheld(uncontested=uncontested, counts=counts, note=note):
            so = standing_words.whether_it_counts(counts=counts)
            if uncontested:
                return f"You have not contested in time that you initiated {cancellation}: {so}."
            return f"Support finds that you initiated {cancellation}: {so}.{because(note)}"
        case standing_happened.ClaimDismissed(note=note):
            return (
                f"Support does not find that you initiated {cancellation}: "
                f"it does not count.{because(note)}"
            )
        case standing_happened.StandingWarned():
            return standing_words.warning(event)
        case standing_happened.CaseOpened(case=case):
            return (
                f"{' '.join(case.reasons)} You can bring proof of extenuating circumstances on "
                f"your Standing page until {rfc3339(case.due_at)}. Without any, your topics are "
                "suspended then."
            )
        case standing_happened.CaseClosed(outcome=CaseOutcome.LIFTED):
            return "No more counts than is allowed. Your topics stay listed."
        case standing_happened.CaseClosed():
            return "Your topics are suspended."
        case standing_happened.ProofSubmitted(proof=proof):
            what = "a late event" if len(proof.covers) == 1 else f"{len(proof.covers)} late events"
            return f"{about.provider} has brought proof for {what}. Please review it."
        case standing_happened.ProofAccepted(note=note):
            return f"Support has accepted it: what it covers no longer counts.{because(note)}"
        case standing_happened.ProofRejected(note=note):
            return f"Support has rejected it.{because(note)}"
        case standing_happened.TopicsSuspended(cause=cause, reason=reason):
            why = because(reason) if cause is Cause.SUPPORT else f" {reason}{full_stop(reason)}"
            who = "Support has suspended them." if cause is Cause.SUPPORT else "The case is over."
            return (
                f"{who}{why} They take no new requests; your bookings go on. "
                "You can still bring proof."
            )
        case standing_happened.TopicsReinstated(reason=reason):
            return f"Clients find them and can ask for sessions.{because(reason)}"
        case _:
            return standing_words.describe(event)


_IN_EVIDENCE = re.compile(r"^Booking (\S+): a ", re.MULTILINE)


def bookings_named(event: BookingEvent | StandingEvent | None) -> frozenset[str]:
    """The ids of the bookings that a notice of this event names besides its own."""
    if not isinstance(event, standing_happened.CaseOpened):
        return frozenset()
    return frozenset(_IN_EVIDENCE.findall("\n".join(event.case.reasons)))
