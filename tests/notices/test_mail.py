"""Notices as mails, read back from the bytes that a server would be given."""

from __future__ import annotations

import email.policy
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from domain.booking import events as happened
from domain.booking.state import State
from domain.notices.about import About, Endpoint
from domain.notices.kinds import KINDS
from domain.notices.preferences import CONCERN, GROUPS, TRANSACTIONAL, Group, group_of
from domain.party import Party, Role
from domain.standing.events import CaseOpened
from domain.standing.state import Case
from notices.invite import Person, Session
from notices.mail import Letter, Letterhead, compose
from tests.domain.examples import FIRST, LATE, OTHER, REQUESTED
from tests.notices.happenings import BOOKING, CANCELLED, about, everything

BERLIN = ZoneInfo("Europe/Berlin")
PORTAL = "https://bookings.example.org"
HEAD = Letterhead(
    sender=Address("Keepdate", addr_spec="bookings@example.org"),
    reply_to=Address(addr_spec="help@example.org"),
    portal=PORTAL,
)
AT_NINE = "2026-03-02T09:00:00Z"
HOSTILE = "<b>Ada</b>\r\nBcc: everybody@example.org\x00 {{ 7 * 7 }}"


def sent(told: About, *, head: Letterhead = HEAD, **fields: Any) -> EmailMessage:
    """The mail of a notice, as it arrives."""
    letter = Letter(
        id="0190-notice",
        about=told,
        address="carl@example.org",
        name=fields.pop("name", "Carl Ito"),
        zone=fields.pop("zone", BERLIN),
        at=LATE,
        page=fields.pop("page", f"/bookings/{BOOKING.id}"),
        session=Session(
            booking=told.booking or BOOKING,
            reader=Person(party=Party(role=told.to, id="x"), name="X", email="carl@example.org"),
            other_name="Ada Brandt",
            conference_url="https://meet.example.org/1",
            materials="Bring a board.",
            page=head.link(f"/bookings/{BOOKING.id}"),
        ),
        **fields,
    )
    return message_from_bytes(compose(letter, head).as_bytes(), policy=email.policy.default)


def texts(mail: EmailMessage) -> tuple[str, str]:
    """The mail in text and in HTML."""
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    return plain.get_content(), page.get_content()


def event_in(invite: EmailMessage) -> Any:
    """The one event of an invite."""
    (event,) = icalendar.Calendar.from_ical(invite.get_content()).walk("VEVENT")
    return event


def invites(mail: EmailMessage) -> list[EmailMessage]:
    return list(mail.iter_attachments())


def test_every_kind_of_notice_is_tried() -> None:
    assert {told.kind for told in everything()} == {str(kind) for kind in KINDS}


def test_every_kind_is_of_one_group_that_concerns_whom_it_is_for() -> None:
    grouped = [kind for kinds in GROUPS.values() for kind in kinds]

    assert sorted(grouped) == sorted({str(kind) for kind in KINDS} | {"webhook.disabled"})
    assert all(group_of(told.kind) in CONCERN[told.to] for told in everything())
    assert {group_of(f"booking.{what}") for what in ("confirmed", "cancelled")} < TRANSACTIONAL
    assert group_of("topics.suspended") in TRANSACTIONAL
    assert group_of("unheard-of") is Group.OTHER


@pytest.mark.parametrize("told", everything(), ids=lambda told: f"{told.kind}-{told.to}")
def test_a_mail_says_in_both_texts_what_the_notice_says(told: About) -> None:
    mail = sent(told)
    plain, page = texts(mail)

    subject = mail["Subject"].strip()
    assert subject
    assert subject in re.sub(r"\s+", " ", plain)
    assert "<h1" in page
    for text in (subject, plain, page):
        assert not re.search(r"\d{4}-\d{2}-\d{2}T", text), "an instant that nobody has translated"
        assert "None" not in text
    assert f"{PORTAL}/bookings/{BOOKING.id}" in plain
    assert f'href="{PORTAL}/bookings/{BOOKING.id}"' in page
    assert len(plain.splitlines()) > 4
    assert mail["Message-ID"] == "<0190-notice@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == "Keepdate <bookings@example.org>"
    assert mail["To"] == "Carl Ito <carl@example.org>"
    assert mail["Reply-To"] == "help@example.org"
    assert mail["Date"].datetime == LATE
    assert (mail["List-Unsubscribe"] is None) == (group_of(told.kind) in TRANSACTIONAL)


def test_times_are_the_readers_own_and_name_their_zone() -> None:
    told = about(happened.BookingConfirmed(at=REQUESTED, start=FIRST), Role.CLIENT)

    assert sent(told)["Subject"] == "Confirmed: Chess, Sun 22 Mar 2026, 10:00 (Europe/Berlin)"
    # The clocks there went forward two weeks before.
    there = sent(told, zone=ZoneInfo("America/New_York"))
    assert there["Subject"] == "Confirmed: Chess, Sun 22 Mar 2026, 05:00 (America/New York)"
    assert "05:00 (America/New York), 90 minutes" in texts(there)[0]
    summer = happened.BookingConfirmed(at=REQUESTED, start=FIRST + timedelta(days=7))
    told = about(summer, Role.CLIENT)
    assert sent(told)["Subject"] == "Confirmed: Chess, Sun 29 Mar 2026, 11:00 (Europe/Berlin)"


def test_nothing_that_somebody_wrote_becomes_a_header_or_markup() -> None:
    booking = replace(BOOKING, title=HOSTILE)
    event = replace(CANCELLED, reason=HOSTILE)
    told = replace(about(event, Role.CLIENT, booking), provider=HOSTILE)
    mail = sent(told, name=HOSTILE)
    plain, page = texts(mail)

    assert mail["Bcc"] is None
    assert [each.addr_spec for each in mail["To"].addresses] == ["carl@example.org"]
    assert "<b>Ada</b>" in plain
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "{{ 7 * 7 }}" in page


@pytest.mark.parametrize(
    "written",
    [
        "=?utf-8?q?=0D=0ABcc:_everybody@example.org?=",
        "=?utf-8?b?CgpCY2M6IGV2ZXJ5Ym9keUBleGFtcGxlLm9yZw==?=",
        "=\0?utf-8?q?=0ABcc:_everybody@example.org?=",
        "==??utf-8?q?=0ABcc:_everybody@example.org?=",
        "Chess =?us-ascii?q?=2C_everybody=40example.org=2C?= Go",
    ],
)
def test_what_somebody_wrote_as_headers_are_written_is_not_decoded(written: str) -> None:
    told = about(CANCELLED, Role.CLIENT, replace(BOOKING, title=written))
    mail = sent(told, name=written)
    usual = sent(about(CANCELLED, Role.CLIENT))
    assert mail.keys() == usual.keys()
    assert "everybody" in mail["Subject"] or "CgpC" in mail["Subject"]
    assert "\n" not in mail["Subject"]
    assert [each.addr_spec for each in mail["To"].addresses] == ["carl@example.org"]


@pytest.mark.parametrize(
    "name",
    [
        "Brandt, Wobbe, Quast & Partners, Associated Teachers of Chess, Go and Shogi",
        "x" * 40 + "<everybody@example.org>" + "x" * 40,
        '","' * 60,
        "\\" * 200,
        "Zoë, Ælfgifu & Þórhallsdóttir, " * 6,
    ],
)
def test_a_name_of_any_length_is_one_name_of_one_address(name: str) -> None:
    mail = sent(about(CANCELLED, Role.CLIENT), name=name)
    (to,) = mail["To"].addresses
    assert to.addr_spec == "carl@example.org"
    assert to.display_name[:20] == name.replace("\\", "/").replace('"', "'")[:20]


@pytest.mark.parametrize(
    ("event", "to", "method", "sequence"),
    [
        (happened.BookingConfirmed(at=REQUESTED, start=FIRST), Role.CLIENT, "REQUEST", 0),
        (CANCELLED, Role.PROVIDER, "CANCEL", 1),
    ],
    ids=["confirmed", "cancelled"],
)
def test_what_changes_a_calendar_brings_the_invite(
    event: happened.BookingEvent, to: Role, method: str, sequence: int
) -> None:
    (part,) = invites(sent(about(event, to)))

    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == method
    assert part.get_filename() == "invite.ics"
    session = event_in(part)
    assert session["sequence"] == sequence
    assert session["dtstart"].dt == FIRST
    assert session["organizer"] == "mailto:bookings@example.org"
    assert session["attendee"] == "mailto:carl@example.org"


def test_an_amended_date_replaces_the_invite() -> None:
    amended = replace(BOOKING, scheduled_start=OTHER, amendments=1)
    event = next(told.event for told in everything() if told.kind == "booking.rescheduled")
    assert isinstance(event, happened.BookingRescheduled)
    (part,) = invites(sent(about(event, Role.CLIENT, amended)))

    session = event_in(part)
    assert (session["sequence"], session["dtstart"].dt) == (1, OTHER)
    assert session["uid"] == f"{BOOKING.id}@keepdate"


def test_nothing_else_brings_an_invite() -> None:
    withdrawn = replace(CANCELLED, withdrawn=True)
    pending = replace(BOOKING, state=State.PENDING, scheduled_start=None)
    others = [
        told
        for told in everything()
        if told.kind not in {"booking.confirmed", "booking.rescheduled", "booking.cancelled"}
    ]

    assert not any(invites(sent(told)) for told in others)
    assert not invites(sent(about(withdrawn, Role.PROVIDER, pending)))


def test_an_endpoint_that_is_disabled_is_told_with_its_address() -> None:
    endpoint = Endpoint(
        url="https://example.org/<hook>", reason=f"It failed since {AT_NINE}.", id="hook-1"
    )
    told = About(kind="webhook.disabled", to=Role.SUPPORT, provider="", endpoint=endpoint)
    mail = sent(told, page="/webhooks/hook-1")

    plain, page = texts(mail)
    assert "Nothing is sent to https://example.org/<hook> any more." in plain
    assert "It failed since Mon 2 Mar 2026, 10:00 (Europe/Berlin)." in plain
    assert "https://example.org/&lt;hook&gt;" in page
    assert f"{PORTAL}/webhooks/hook-1" in plain
    assert "Open the endpoint" in page


def test_a_session_of_one_minute_takes_one_minute() -> None:
    booking = replace(BOOKING, duration_minutes=1)
    told = about(happened.BookingConfirmed(at=REQUESTED, start=FIRST), Role.CLIENT, booking)
    assert "(Europe/Berlin), 1 minute\n" in texts(sent(told))[0].replace("\r", "")


def test_a_case_names_sessions_and_not_bookings() -> None:
    reason = f"Booking 0190-other: a cancellation initiated at {AT_NINE}, 1 day before the session."
    opened = CaseOpened(at=LATE, case=Case(opened_at=LATE, due_at=FIRST, reasons=(reason,)))
    mail = sent(
        about(opened, Role.PROVIDER), known={"0190-other": "“Chess” with <Carl>"}, page="/standing"
    )
    plain, page = texts(mail)

    assert "Booking “Chess” with <Carl>: a cancellation initiated at Mon 2 Mar 2026" in plain
    assert "“Chess” with &lt;Carl&gt;" in page
    assert "0190-other" not in plain + page
    assert f"Open your standing: {PORTAL}/standing" in plain


def test_a_mail_without_a_portal_has_no_links_and_says_the_same() -> None:
    told = about(happened.BookingConfirmed(at=REQUESTED, start=FIRST), Role.CLIENT)
    mail = sent(told, head=Letterhead(sender=HEAD.sender))
    plain, page = texts(mail)

    assert "Open the booking" not in plain + page
    assert "/notices" not in plain + page
    assert mail["Reply-To"] is None
    assert "Link: https://meet.example.org/1" in plain
    assert 'href="https://meet.example.org/1"' in page
