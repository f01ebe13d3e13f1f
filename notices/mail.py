"""Notices as mails: in text and in HTML, in the time zone of whoever reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.booking.events import BookingCancelled, BookingConfirmed, BookingRescheduled
from domain.notices.about import About
from domain.notices.preferences import is_transactional
from domain.notices.words import say
from domain.party import Role
from domain.standing.events import StandingEvent
from notices.invite import Session, invite, method_of
from notices.places import PREFERENCES
from notices.times import in_minutes, in_zone, translated

INVITE_NAME = "invite.ics"
_MAX_SUBJECT = 200
_MAX_NAME = 60


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """Whom mails come from, where answers go, and where people reach the portal, if anywhere.

    `portal` is an origin, `https://bookings.example.org`; without it mails hold no links.
    """

    sender: Address
    reply_to: Address | None = None
    portal: str | None = None

    def link(self, path: str | None) -> str | None:
        """The address of a page of the portal."""
        return f"{self.portal}{path}" if self.portal and path else None


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One notice that goes to somebody by mail.

    `page` is the path on which it goes on in the portal. `session` is the booking as it is in their
    calendar, once it has a date. `known` says what other bookings are called that the notice names,
    by their ids. `at` is when the notice was made: whenever a mail is composed again, it is the
    same mail.
    """

    id: str
    about: About
    address: str
    name: str
    zone: ZoneInfo
    at: datetime
    page: str | None = None
    session: Session | None = None
    known: Mapping[str, str] = field(default_factory=dict)


def compose(letter: Letter, head: Letterhead) -> EmailMessage:
    """A notice as a mail.

    Its `Message-ID` is that of the notice, so that a mail which arrives twice can be told by it.
    """
    told = say(letter.about)
    text = told.text
    for booking_id, called in letter.known.items():
        text = text.replace(booking_id, called)
    title = translated(told.title, letter.zone)
    content = {
        "title": title,
        "paragraphs": [translated(text, letter.zone)] if text else [],
        "facts": _facts(letter),
        "link": head.link(letter.page),
        "link_text": _link_text(letter),
        "preferences": head.link(PREFERENCES),
    }
    # Of these rules, no header can be given a line break.
    message = EmailMessage(policy=SMTP)
    message["Subject"] = _one_line(title)
    message["From"] = head.sender
    message["To"] = Address(_short(letter.name), addr_spec=letter.address)
    if head.reply_to is not None:
        message["Reply-To"] = head.reply_to
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.id}@{head.sender.domain}>"
    # Nobody's holiday program is to answer (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    if content["preferences"] and not is_transactional(letter.about.kind):
        message["List-Unsubscribe"] = f"<{content['preferences']}>"
    message.set_content(_rendered("mail.txt", content))
    message.add_alternative(_rendered("mail.html", content), subtype="html")
    _attach_invite(message, letter, head)
    return message


def _attach_invite(message: EmailMessage, letter: Letter, head: Letterhead) -> None:
    """What puts the session into a calendar, moves it there, or takes it out."""
    session = letter.session
    if session is None or not _changes_the_calendar(letter.about):
        return
    method = method_of(session.booking)
    if method is None:
        return
    message.add_attachment(
        invite(session, organizer=head.sender.addr_spec, at=letter.at),
        maintype="text",
        subtype="calendar",
        filename=INVITE_NAME,
        params={"method": method.value, "charset": "utf-8"},
    )


def _changes_the_calendar(about: About) -> bool:
    match about.event:
        case BookingCancelled(withdrawn=withdrawn):
            return not withdrawn
        case BookingConfirmed() | BookingRescheduled():
            return True
        case _:
            return False


def _facts(letter: Letter) -> list[tuple[str, str]]:
    """What somebody looks for in the mail when the time has come."""
    about, session = letter.about, letter.session
    if about.booking is None or isinstance(about.event, StandingEvent):
        return []
    found = [("Topic", about.booking.title)]
    if about.to is not Role.PROVIDER:
        found.append(("Provider", about.provider))
    if about.to is not Role.CLIENT:
        found.append(("Client", about.client))
    start = about.booking.scheduled_start
    if start is not None:
        when = in_zone(start, letter.zone)
        found.append(("When", f"{when}, {in_minutes(about.booking.duration_minutes)}"))
    if session is not None and not about.booking.closed:
        found += [("Link", session.conference_url or ""), ("Materials", session.materials or "")]
    return [(name, value) for name, value in found if value]


def _link_text(letter: Letter) -> str:
    if letter.about.endpoint is not None:
        return "Open the endpoint"
    if not isinstance(letter.about.event, StandingEvent):
        return "Open the booking"
    return "Open the provider" if letter.about.to is Role.SUPPORT else "Open your standing"


def _one_line(text: str) -> str:
    printable = "".join(each if each.isprintable() else " " for each in text)
    # What looks like the code that headers have for letters beyond ASCII, Python's library would
    # decode: to a line break, and with it to a header of somebody else's.
    return " ".join(printable.replace("=?", "= ?").split())[:_MAX_SUBJECT]


def _short(name: str) -> str:
    """A name that a header has room for on one line.

    Python's library breaks a longer one without its quotes, and what comes after a comma in it,
    or between two angles, is then an address of its own.
    """
    return _one_line(name).replace("\\", "/").replace('"', "'")[:_MAX_NAME]


def _rendered(template: str, content: dict[str, Any]) -> str:
    return _environment().get_template(template).render(content)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
