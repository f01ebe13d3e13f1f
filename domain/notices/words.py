"""What a notice says: a line that could be its subject, and a few sentences to whom it is for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.booking import events as happened
from domain.booking import words as booking_words
from domain.booking.events import BookingEvent
from domain.booking.state import Booking, Fault, Reminder, ReminderKind
from domain.instants import in_words, rfc3339
from domain.party import Role
from domain.standing import events as standing_happened
from domain.standing import words as standing_words
from domain.standing.events import CaseOutcome, StandingEvent
from domain.standing.state import Cause


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where webhooks went to, and why they no longer do. `id` is None once it is deleted."""

    url: str
    reason: str
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class About:
    """What a notice is about: who is told, whom they deal with, and what happened.

    `provider` and `client` are what the two are called. `start` is the session that it speaks of,
    if it speaks of one. `event` is None where the record holds none of its own for this notice,
    such as one about an `endpoint`.
    """

    kind: str
    to: Role
    provider: str
    client: str = ""
    booking: Booking | None = None
    start: datetime | None = None
    event: BookingEvent | StandingEvent | None = None
    endpoint: Endpoint | None = None

    @property
    def topic(self) -> str:
        """What the session is on."""
        return (self.booking.title if self.booking else "") or "a session"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is said, for whoever shows it to translate.

    Instants stand in it as RFC 3339 text in UTC, and `bookings_named` by their ids.
    """

    title: str
    text: str


def say(about: About) -> Told:
    """What a notice says to whom it is for."""
    event = about.event
    if isinstance(event, happened.ReminderSent | happened.ReminderSkipped):
        return _remind(about, event.reminder)
    if isinstance(event, BookingEvent):
        return _of_booking(about, event)
    if isinstance(event, StandingEvent):
        return _of_standing(about, event)
    if about.endpoint is not None:
        return _of_endpoint(about.endpoint)
    return Told(title=_humanly(about.kind), text="")


def _of_endpoint(endpoint: Endpoint) -> Told:
    return Told(
        title="Webhooks that fail are turned off",
        text=f"Nothing is sent to {endpoint.url} any more. {endpoint.reason}".rstrip(),
    )


def _of_booking(about: About, event: BookingEvent) -> Told:  # noqa: PLR0912 - a case an event
    topic, session = about.topic, _session(about)
    provider, client = about.provider, about.client
    match event:
        case happened.BookingRequested(booking=booking):
            return Told(
                title=f"New request: {topic}",
                text=f"{client} asks for {_on(topic)} at {_one_of(booking.preferred_starts)}. "
                f"Please answer by {rfc3339(booking.expires_at)}, when the request expires.",
            )
        case happened.BookingConfirmed(start=start):
            undated = _session(about, dated=False)
            return Told(
                title=f"Confirmed: {topic}, {rfc3339(start)}",
                text=f"You have confirmed the {undated} with {client} for {rfc3339(start)}."
                if about.to is Role.PROVIDER
                else f"{provider} has confirmed your {undated} for {rfc3339(start)}.",
            )
        case happened.BookingDeclined(reason=reason, over_scheduling=over_scheduling):
            other = " They may suggest other times in the chat." if over_scheduling else ""
            return Told(
                title=f"Declined: {topic}",
                text=f"{provider} has declined your request for {_on(topic)}."
                f"{_because(reason)}{other}",
            )
        case happened.BookingExpired():
            return Told(
                title=f"Expired: {topic}",
                text=f"{provider} has not answered your request for {_on(topic)} in time. "
                "You can ask for other times.",
            )
        case happened.BookingCancelled(withdrawn=True):
            who = "You have" if about.to is Role.CLIENT else f"{client} has"
            return Told(
                title=f"Withdrawn: {topic}",
                text=f"{who} withdrawn the request for {_on(topic)}.",
            )
        case happened.BookingCancelled(reason=reason):
            return Told(
                title=f"Cancelled: {topic}{_comma(about.start)}",
                text=f"The {session} is cancelled.{_because(reason)}{_held_against(about, event)}",
            )
        case happened.BookingRescheduled(start=start, previous_start=previous):
            return Told(
                title=f"Moved: {topic}, {rfc3339(start)}",
                text=f"{_On(topic)} has moved from {rfc3339(previous)} to {rfc3339(start)}.",
            )
        case happened.BookingCompleted():
            return Told(title=f"Over: {topic}", text=f"The {session} is over.")
        case happened.CancellationAsked(reason=reason):
            return Told(
                title=f"You are asked to cancel: {topic}{_comma(about.start)}",
                text=f"{provider} asks you to cancel the {session}.{_because(reason)} "
                "It takes place unless you cancel it.",
            )
        case happened.RescheduleProposed(starts=starts, reason=reason, lapses_at=lapses_at):
            return Told(
                title=f"New times proposed: {topic}",
                text=f"{provider} proposes {_one_of(starts)} instead for the {session}."
                f"{_because(reason)} Please answer by {rfc3339(lapses_at)}. "
                "The date stays as it is until then.",
            )
        case happened.RescheduleAccepted(start=start):
            follows = "Please amend the date." if about.to is Role.SUPPORT else _SUPPORT_AMENDS
            return Told(
                title=f"New time accepted: {topic}, {rfc3339(start)}",
                text=f"{client} has accepted {rfc3339(start)} for the {session}. {follows}",
            )
        case happened.RescheduleDeclined():
            return Told(
                title=f"New times declined: {topic}",
                text=f"{client} has declined the times that you proposed. "
                f"The {session} stays as it is.",
            )
        case happened.RescheduleLapsed():
            return Told(
                title=f"New times lapsed: {topic}",
                text=f"{client} has not answered the times that you proposed. "
                f"The {session} stays as it is.",
            )
        case _:
            return Told(title=_humanly(about.kind), text=booking_words.describe(event))


_SUPPORT_AMENDS = "Support amends the date next; until then the old one stands."


def _remind(about: About, reminder: Reminder) -> Told:
    topic, session, booking = about.topic, _session(about), about.booking
    match reminder.kind:
        case ReminderKind.ANSWER_HALF_TIME | ReminderKind.ANSWER_LAST_CALL:
            last = reminder.kind is ReminderKind.ANSWER_LAST_CALL
            expires = f" It expires at {rfc3339(booking.expires_at)}." if booking else ""
            return Told(
                title=f"{'Last call' if last else 'Awaiting your answer'}: {topic}",
                text=f"The request of {about.client} for {_on(topic)} awaits your answer.{expires}",
            )
        case ReminderKind.LATE_WINDOW_OPENS:
            policy = booking.policy if booking else None
            opens = about.start - policy.late_within if policy and about.start else None
            when = f" From {rfc3339(opens)} on," if opens else " Soon"
            within = f", within {in_words(policy.late_within)} of it," if policy else ""
            return Told(
                title=f"Soon late to change: {topic}{_comma(about.start)}",
                text=f"The {session} comes closer.{when} a cancellation or a new date that you ask "
                f"for{within} is on record as late.",
            )
        case ReminderKind.SESSION_STARTS:
            other = about.client if about.to is Role.PROVIDER else about.provider
            return Told(
                title=f"Reminder: {topic}{_comma(about.start)}",
                text=f"Your {session} with {other} starts soon.",
            )


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


def _of_standing(about: About, event: StandingEvent) -> Told:
    title = _STANDING_TITLES.get(event.type, _humanly(event.type))
    return Told(title=title, text=_judged(about, event))


def _judged(about: About, event: StandingEvent) -> str:  # noqa: PLR0912 - a case an event
    session, client = _session(about), about.client or "The client"
    cancellation = f"the cancellation of the {session}"
    match event:
        case standing_happened.ClaimOpened(claim=claim):
            return (
                f"{client} says that you initiated {cancellation}. It counts unless you contest "
                f"it on your Standing page by {rfc3339(claim.due_at)}."
            )
        case standing_happened.ClaimContested(note=note):
            return f"{about.provider} denies that {cancellation} was their wish.{_because(note)}"
        case standing_happened.ClaimUpheld(uncontested=True):
            return f"You have not contested in time that you initiated {cancellation}: it counts."
        case standing_happened.ClaimUpheld(note=note):
            return f"Support finds that you initiated {cancellation}: it counts.{_because(note)}"
        case standing_happened.ClaimDismissed(note=note):
            return (
                f"Support does not find that you initiated {cancellation}: "
                f"it does not count.{_because(note)}"
            )
        case standing_happened.StandingWarned(kind=kind, count=count, allowed=allowed):
            return standing_words.warning(kind, count, allowed)
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
            return f"Support has accepted it: what it covers no longer counts.{_because(note)}"
        case standing_happened.ProofRejected(note=note):
            return f"Support has rejected it.{_because(note)}"
        case standing_happened.TopicsSuspended(cause=cause, reason=reason):
            why = _because(reason) if cause is Cause.SUPPORT else f" {reason}{_full_stop(reason)}"
            who = "Support has suspended them." if cause is Cause.SUPPORT else "The case is over."
            return (
                f"{who}{why} They take no new requests; your bookings go on. "
                "You can still bring proof."
            )
        case standing_happened.TopicsReinstated(reason=reason):
            return f"Clients find them and can ask for sessions.{_because(reason)}"
        case _:
            return standing_words.describe(event)


_IN_EVIDENCE = re.compile(r"^Booking (\S+): a ", re.MULTILINE)


def bookings_named(event: BookingEvent | StandingEvent | None) -> frozenset[str]:
    """The ids of the bookings that a notice of this event names besides its own."""
    if not isinstance(event, standing_happened.CaseOpened):
        return frozenset()
    return frozenset(_IN_EVIDENCE.findall("\n".join(event.case.reasons)))


def _session(about: About, *, dated: bool = True) -> str:
    """`session on Chess of 2026-11-24T10:00:00Z`."""
    title = about.booking.title if about.booking else ""
    on = f" on {title}" if title else ""
    of = f" of {rfc3339(about.start)}" if about.start and dated else ""
    return f"session{on}{of}"


def _on(topic: str) -> str:
    return topic if topic == "a session" else f"a session on {topic}"


def _On(topic: str) -> str:  # noqa: N802
    return "The session" if topic == "a session" else f"The session on {topic}"


def _one_of(starts: Sequence[datetime]) -> str:
    *first, last = [rfc3339(start) for start in starts]
    return f"{', '.join(first)} or {last}" if first else last


def _comma(start: datetime | None) -> str:
    return f", {rfc3339(start)}" if start else ""


def _because(reason: str) -> str:
    """What somebody wrote, in a sentence of its own."""
    return f" The reason given: {reason.strip()}{_full_stop(reason)}" if reason.strip() else ""


def _full_stop(text: str) -> str:
    return "" if text.rstrip().endswith((".", "!", "?")) else "."


def _held_against(about: About, event: happened.BookingCancelled) -> str:
    """What it means to a provider, who is judged by it."""
    if about.to is not Role.PROVIDER or event.receipt is None or not event.receipt.late:
        return ""
    if event.fault is Fault.CLAIMED:
        return " The client says that you initiated it, and it was late: see your Standing page."
    if event.fault is not Fault.PROVIDER:
        return ""
    return " You initiated it, and it was late: see your Standing page."


def _humanly(kind: str) -> str:
    return kind.replace(".", " ").replace("-", " ").capitalize()
