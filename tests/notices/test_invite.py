"""Invites, as two calendar programs read them that share no code."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject

from domain.booking.state import Booking, State
from notices.invite import Method, Person, Session, calendar_of, invite, method_of
from tests.domain.examples import CLIENT, FIRST, OTHER, REQUESTED

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def confirmed() -> Booking:
    """A booking that has a date."""
    return Booking(
        id="0190",
        topic_id="t",
        provider_id="ada",
        client_id="carl",
        preferred_starts=(FIRST,),
        duration_minutes=90,
        created_at=REQUESTED,
        decided_at=REQUESTED,
        expires_at=FIRST,
        title="Chess",
        state=State.CONFIRMED,
        scheduled_start=FIRST,
    )


def session_of(booking: Booking, **fields: Any) -> Session:
    reader = fields.pop("reader", Person(party=CLIENT, name="Carl", email="carl@example.org"))
    return Session(booking=booking, reader=reader, other_name="Ada", **fields)


def invited(booking: Booking, **fields: Any) -> bytes:
    session = session_of(booking, **fields)
    return invite(session, organizer="bookings@example.org", at=REQUESTED)


def read(text: bytes) -> Any:
    """The one event of a calendar."""
    (event,) = calendar_in(text).walk("VEVENT")
    return event


def calendar_in(text: bytes) -> Any:
    """A calendar as the first of the two programs reads it."""
    return icalendar.Calendar.from_ical(text)


def test_both_readers_find_the_session(confirmed: Booking) -> None:
    text = invited(
        confirmed,
        conference_url="https://meet.example.org/x?a=b,c;d",
        materials="Bring a board; and pieces, all 32.",
        page="https://bookings.example.org/bookings/0190",
    )
    event = read(text)
    other = vobject.readOne(text.decode()).vevent
    assert event["uid"] == other.uid.value == "0190@keepdate"
    assert event.decoded("dtstart") == other.dtstart.value == FIRST
    assert event.decoded("dtend") == other.dtend.value == FIRST + timedelta(minutes=90)
    assert event["sequence"] == int(other.sequence.value) == 0
    assert event["summary"] == other.summary.value == "Chess with Ada"
    assert event["location"] == other.location.value == "https://meet.example.org/x?a=b,c;d"
    assert event["conference"] == "https://meet.example.org/x?a=b,c;d"
    assert "Bring a board; and pieces, all 32." in event["description"]
    assert event["description"] == other.description.value
    assert event["organizer"] == other.organizer.value == "mailto:bookings@example.org"
    assert event["attendee"] == other.attendee.value == "mailto:carl@example.org"
    assert other.attendee.params["PARTSTAT"] == ["ACCEPTED"]


def test_an_amended_date_replaces_the_one_before(confirmed: Booking) -> None:
    first = read(invited(confirmed))
    amended = replace(confirmed, scheduled_start=OTHER, amendments=1)
    second = read(invited(amended))
    assert second["uid"] == first["uid"]
    assert second["sequence"] > first["sequence"]
    assert second.decoded("dtstart") == OTHER


def test_a_cancellation_takes_the_newest_date_out(confirmed: Booking) -> None:
    amended = replace(confirmed, scheduled_start=OTHER, amendments=1)
    cancelled = replace(amended, state=State.CANCELLED)
    text = invited(cancelled)
    assert calendar_in(text)["method"] == "CANCEL"
    event = read(text)
    assert event["status"] == "CANCELLED"
    assert event["uid"] == read(invited(amended))["uid"]
    assert event["sequence"] > read(invited(amended))["sequence"]


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        (datetime(2026, 3, 28, 10, tzinfo=BERLIN), "10:00 +0100"),
        (datetime(2026, 3, 29, 10, tzinfo=BERLIN), "10:00 +0200"),
        (datetime(2026, 10, 24, 10, tzinfo=BERLIN), "10:00 +0200"),
        (datetime(2026, 10, 25, 10, tzinfo=BERLIN), "10:00 +0100"),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN), "02:30 +0100"),
    ],
)
def test_a_clock_change_moves_no_session(confirmed: Booking, day: datetime, clock: str) -> None:
    text = invited(replace(confirmed, scheduled_start=day.astimezone(UTC)))
    for start in (
        read(text).decoded("dtstart"),
        vobject.readOne(text.decode()).vevent.dtstart.value,
    ):
        assert start.astimezone(BERLIN).strftime("%H:%M %z") == clock


def test_no_text_becomes_a_line_of_its_own(confirmed: Booking) -> None:
    planted = "x\r\nATTENDEE:mailto:eve@example.org\nEND:VEVENT\r"
    plain = read(invited(confirmed))
    event = read(
        invited(
            replace(confirmed, title=planted, note=f"\x01{planted}"),
            conference_url=f"https://x.example/{planted}",
            materials=planted,
            page=f"https://x.example/{planted}",
            reader=Person(party=CLIENT, name=f'"{planted}', email=f"carl@example.org{planted}"),
        )
    )
    assert set(event) - set(plain) == {"DESCRIPTION", "LOCATION", "CONFERENCE", "URL"}
    assert "\x01" not in event["description"]


def test_what_never_had_a_date_has_no_invite(confirmed: Booking) -> None:
    pending = replace(confirmed, state=State.PENDING, scheduled_start=None)
    assert method_of(pending) is None
    with pytest.raises(ValueError, match="no date"):
        invited(pending)
    assert method_of(confirmed) is Method.REQUEST


def test_a_person_without_an_address_is_named_all_the_same(confirmed: Booking) -> None:
    event = read(invited(confirmed, reader=Person(party=CLIENT, name="Carl")))
    assert event["attendee"] == "urn:keepdate:client:carl"


def test_a_calendar_holds_many_and_is_the_same_while_nothing_moves(confirmed: Booking) -> None:
    sessions = [session_of(confirmed), session_of(replace(confirmed, id="0191"))]
    text = calendar_of(sessions, name="Keepdate, mine", organizer=None)
    calendar = calendar_in(text)
    assert calendar["method"] == "PUBLISH"
    assert rb"X-WR-CALNAME:Keepdate\, mine" in text
    assert [event["uid"] for event in calendar.walk("VEVENT")] == ["0190@keepdate", "0191@keepdate"]
    assert len(list(vobject.readOne(text.decode()).vevent_list)) == 2
    assert calendar_of(sessions, name="Keepdate, mine", organizer=None) == text
