"""What a notice says: a line that could be its subject, and a few sentences to whom it is for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.booking import events as happened
from domain.booking import words as booking_words
from domain.booking.deadlines import late_from
from domain.booking.events import BookingEvent
from domain.booking.state import Fault, Reminder, ReminderKind
from domain.instants import in_words, rfc3339
from domain.notices.about import About, Endpoint, Told, because, humanly, session_of
from domain.notices.judgements import of_standing
from domain.party import Role
from domain.standing.events import StandingEvent


def say(about: About) -> Told:
    """What a notice says to whom it is for."""
    event = about.event
    if isinstance(event, happened.ReminderSent | happened.ReminderSkipped):
        return _remind(about, event.reminder)
    if isinstance(event, BookingEvent):
        return _of_booking(about, event)
    if isinstance(event, StandingEvent):
        return of_standing(about, event)
    if about.endpoint is not None:
        return _of_endpoint(about.endpoint)
    return Told(title=humanly(about.kind), text="")


def _of_endpoint(endpoint: Endpoint) -> Told:
    return Told(
        title="Webhooks that fail are turned off",
        text=f"Nothing is sent to {endpoint.url} any more. {endpoint.reason}".rstrip(),
    )


def _of_booking(about: About, event: BookingEvent) -> Told:  # noqa: PLR0912 - a case an event
    topic, session = about.topic, session_of(about)
    provider, client = about.provider, about.client
    match event:
        case happened.BookingRequested(booking=booking):
            return Told(
                title=f"New request: {topic}",
                text=f"{client} asks for {_on(topic)} at {_one_of(booking.preferred_starts)}. "
                f"Please answer by {rfc3339(booking.expires_at)}, when the request expires.",
            )
        case happened.BookingConfirmed(start=start):
            undated = session_of(about, dated=False)
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
                f"{because(reason)}{other}",
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
                text=f"The {session} is cancelled.{because(reason)}{_held_against(about, event)}",
            )
        case happened.BookingRescheduled(start=start, previous_start=previous):
            moved = f"has moved from {rfc3339(previous)} to {rfc3339(start)}."
            return Told(
                title=f"Moved: {topic}, {rfc3339(start)}", text=f"{_the_session(topic)} {moved}"
            )
        case happened.BookingCompleted():
            return Told(title=f"Over: {topic}", text=f"The {session} is over.")
        case happened.CancellationAsked(reason=reason):
            return Told(
                title=f"You are asked to cancel: {topic}{_comma(about.start)}",
                text=f"{provider} asks you to cancel the {session}.{because(reason)} "
                "It takes place unless you cancel it.",
            )
        case happened.RescheduleProposed(starts=starts, reason=reason, lapses_at=lapses_at):
            return Told(
                title=f"New times proposed: {topic}",
                text=f"{provider} proposes {_one_of(starts)} instead for the {session}."
                f"{because(reason)} Please answer by {rfc3339(lapses_at)}. "
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
        case happened.RescheduleLapsed(accepted=True):
            return Told(
                title=f"New time not entered: {topic}",
                text=f"{client} had accepted a time that you proposed, and support has not entered "
                f"it. On record, the {session} has stayed as it was.",
            )
        case happened.RescheduleLapsed():
            return Told(
                title=f"New times lapsed: {topic}",
                text=f"{client} has not answered the times that you proposed. "
                f"The {session} stays as it is.",
            )
        case _:
            return Told(title=humanly(about.kind), text=booking_words.describe(event))


_SUPPORT_AMENDS = "Support amends the date next; until then the old one stands."


def _remind(about: About, reminder: Reminder) -> Told:
    topic, session, booking = about.topic, session_of(about), about.booking
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
            opens = late_from(about.start, policy) if policy and about.start else None
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


def _on(topic: str) -> str:
    return topic if topic == "a session" else f"a session on {topic}"


def _the_session(topic: str) -> str:
    return "The session" if topic == "a session" else f"The session on {topic}"


def _one_of(starts: Sequence[datetime]) -> str:
    *first, last = [rfc3339(start) for start in starts]
    return f"{', '.join(first)} or {last}" if first else last


def _comma(start: datetime | None) -> str:
    return f", {rfc3339(start)}" if start else ""


def _held_against(about: About, event: happened.BookingCancelled) -> str:
    """What it means to a provider, who is judged by it."""
    if about.to is not Role.PROVIDER or event.receipt is None or not event.receipt.late:
        return ""
    if event.fault is Fault.CLAIMED:
        return " The client says that you initiated it, and it was late: see your Standing page."
    if event.fault is not Fault.PROVIDER:
        return ""
    return " You initiated it, and it was late: see your Standing page."
