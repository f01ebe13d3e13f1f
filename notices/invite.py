"""Sessions as calendar programs read them: an invite for one booking, and a calendar of many.

By RFC 5545 and 5546. Every time is written in UTC: a session is an instant that both agreed on, and
no later change of a time zone's rules, nor a clock change on its way, may move it. The reader's own
calendar shows it in the reader's zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from domain.booking.state import Booking, State
from domain.party import Party

PRODUCT = "-//Keepdate//Bookings//EN"
MEDIA_TYPE = "text/calendar"
REFRESHED_EVERY = timedelta(hours=1)
"""How often a calendar program is asked to read a calendar again."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NOT_IN_AN_ADDRESS = re.compile(r"[\x00-\x20\x7f\"<>]")


class Method(StrEnum):
    """What a calendar program is asked to do with an event (RFC 5546)."""

    REQUEST = "REQUEST"
    """Put it in, or move it where it is there with a lower sequence."""

    CANCEL = "CANCEL"
    PUBLISH = "PUBLISH"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody in an invite. Without an address of theirs a name of ours stands for it."""

    party: Party
    name: str
    email: str | None = None


@dataclass(frozen=True, kw_only=True)
class Session:
    """One booking as one of its two people has it in their calendar.

    `page` is the booking's address in the portal, where that is known.
    """

    booking: Booking
    reader: Person
    other_name: str
    conference_url: str | None = None
    materials: str | None = None
    note: str | None = None
    page: str | None = None


def method_of(booking: Booking) -> Method | None:
    """What an invite to a booking asks for; None where it never had a date."""
    if booking.scheduled_start is None:
        return None
    return Method.CANCEL if booking.state is State.CANCELLED else Method.REQUEST


def uid(booking_id: str) -> str:
    """What a booking is known by in every calendar, for ever: not even its date changes it."""
    return f"{booking_id}@keepdate"


def sequence(booking: Booking) -> int:
    """How often the date was amended. The cancellation of a session is one change more."""
    return booking.amendments + (booking.state is State.CANCELLED)


def invite(session: Session, *, organizer: str | None, at: datetime) -> bytes:
    """The invite to a booking that has a date, or had one: put it in, move it, or take it out.

    `organizer` is the e-mail address that invites come from; `at` is when this one is made.
    Raises ValueError for a booking that never had a date.
    """
    method = method_of(session.booking)
    if method is None:
        raise ValueError(f"booking {session.booking.id} has no date to invite to")
    calendar = _calendar(method)
    calendar.add_component(_event(session, organizer=organizer, at=at))
    return bytes(calendar.to_ical())


def calendar_of(sessions: Iterable[Session], *, name: str, organizer: str | None) -> bytes:
    """A person's calendar, for programs that read it again and again."""
    calendar = _calendar(Method.PUBLISH)
    for property_name in ("name", "x-wr-calname"):
        calendar.add(property_name, vText(_printable(name)))
    calendar.add("refresh-interval", REFRESHED_EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for session in sessions:
        calendar.add_component(_event(session, organizer=organizer, at=session.booking.decided_at))
    return bytes(calendar.to_ical())


def _calendar(method: Method) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method.value)
    return calendar


def _event(session: Session, *, organizer: str | None, at: datetime) -> Event:
    booking = session.booking
    event = Event()
    event.add("uid", uid(booking.id))
    event.add("sequence", sequence(booking))
    event.add("dtstamp", at.astimezone(UTC))
    event.add("created", booking.created_at.astimezone(UTC))
    event.add("last-modified", booking.decided_at.astimezone(UTC))
    for name, instant in (("dtstart", booking.scheduled_start), ("dtend", booking.scheduled_end)):
        if instant is not None:
            event.add(name, instant.astimezone(UTC))
    title = booking.title or "Session"
    event.add("summary", _printable(f"{title} with {session.other_name}"))
    event.add("status", "CANCELLED" if booking.state is State.CANCELLED else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if booking.state is State.CANCELLED else "OPAQUE")
    description = _description(session)
    if description:
        event.add("description", description)
    _add_place(event, session)
    event["organizer"] = _organizer(organizer)
    event["attendee"] = _attendee(session.reader)
    return event


def _add_place(event: Event, session: Session) -> None:
    if session.conference_url:
        link = _address(session.conference_url)
        event.add("location", link)
        conference = vUri(link)
        conference.params["VALUE"] = "URI"
        conference.params["FEATURE"] = ["AUDIO", "VIDEO"]
        conference.params["LABEL"] = "Join the session"
        event["conference"] = conference
    if session.page:
        event.add("url", vUri(_address(session.page)))


def _description(session: Session) -> str:
    parts = (
        ("", session.booking.note),
        ("Join: ", session.conference_url),
        ("Materials: ", session.materials),
        ("Note: ", session.note),
        ("Booking: ", session.page),
    )
    return "\n\n".join(_printable(f"{label}{text}") for label, text in parts if text)


def _organizer(email: str | None) -> vCalAddress:
    organizer = vCalAddress(f"mailto:{_address(email)}" if email else "urn:keepdate:marketplace")
    organizer.params["CN"] = "Keepdate"
    return organizer


def _attendee(person: Person) -> vCalAddress:
    """Who has the date already: nobody is asked to accept what they agreed on."""
    address = (
        f"mailto:{_address(person.email)}"
        if person.email
        else f"urn:keepdate:{person.party.role}:{person.party.id}"
    )
    attendee = vCalAddress(address)
    attendee.params["CN"] = _printable(person.name).replace('"', "'").replace("\n", " ")
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "ACCEPTED"
    attendee.params["RSVP"] = "FALSE"
    return attendee


def _printable(text: str) -> str:
    """A text without control characters, which no calendar may hold."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _address(given: str) -> str:
    """An address that ends where it ends: no line of it can become a property of its own."""
    return _NOT_IN_AN_ADDRESS.sub("", given)
