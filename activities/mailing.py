"""Notices that go out by e-mail."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiosmtplib
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.delivering import (
    NotDeliveredError,
    NotWantedError,
    Outgoing,
    Sent,
    UndeliverableError,
)
from db.queries.mail import MailRow, get_mail
from domain.notices.preferences import by_mail, group_of
from domain.party import Role
from notices.invite import Person, Session
from notices.mail import Letter, Letterhead, compose
from notices.places import page_of

_ONE_ANSWER_SECONDS = 10
_ALL_SECONDS = 20
"""How long the mail server may take: for one answer, and for one mail in all."""

_SENT_AT_ONCE = 20
"""Connections to the mail server; most allow one client some 50."""

_READ_AT_ONCE = 4
"""Connections to the database, which those need more who write decisions down."""

_REFUSED_FOR_GOOD = range(500, 600)
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """The server that takes our mail.

    `start_tls` None: encrypted where the server offers it. No password goes unencrypted: anybody
    on the way could say that the server offers nothing.
    """

    host: str
    port: int
    use_tls: bool
    start_tls: bool | None
    user: str | None
    password: str | None

    @classmethod
    def of(cls, url: str) -> MailServer:
        """The server of `smtp://`, `smtp+starttls://` or `smtps://user:password@host:port`.

        Raises ValueError for anything else.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"must begin with {', '.join(f'{each}://' for each in _PORTS)}")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            use_tls=parts.scheme == "smtps",
            start_tls=_start_tls(parts.scheme, has_password=parts.username is not None),
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    async def send(
        self, message: EmailMessage, *, sender: str, recipient: str, trust: ssl.SSLContext
    ) -> str:
        """Hands a mail over, on a connection of its own; the server's answer."""
        async with asyncio.timeout(_ALL_SECONDS):
            _, answer = await aiosmtplib.send(
                message,
                sender=sender,
                recipients=[recipient],
                hostname=self.host,
                port=self.port,
                use_tls=self.use_tls,
                start_tls=self.start_tls,
                username=self.user,
                password=self.password,
                tls_context=trust,
                timeout=_ONE_ANSWER_SECONDS,
            )
        return answer


def _start_tls(scheme: str, *, has_password: bool) -> bool | None:
    if scheme == "smtps":
        return False
    return True if scheme == "smtp+starttls" or has_password else None


class MailOutlet:
    """Sends what the ledger owes by e-mail, one mail a notice.

    A mail is composed when it is sent, from what is on record then, so that no attempt of a later
    hour tells an older truth; its `Message-ID` stays the same.
    """

    def __init__(self, engine: AsyncEngine, server: MailServer, head: Letterhead) -> None:
        self._engine = engine
        self._server = server
        self._head = head
        # To read whom this machine trusts takes longer than to send a mail.
        self._trust = ssl.create_default_context()
        self._at_the_ledger = asyncio.Semaphore(_READ_AT_ONCE)
        self._at_the_server = asyncio.Semaphore(_SENT_AT_ONCE)

    async def send(self, notice: Outgoing) -> Sent:
        """Sends it, unless nobody wants it by e-mail any more.

        What the server refuses for good, by a code of 500 and more for the recipient or for the
        mail itself, is undeliverable. Whatever else goes wrong may be over by the next attempt: the
        server is away or busy, or does not take our own name, which the operator can mend.
        """
        async with self._at_the_ledger, self._engine.connect() as conn:
            row = await get_mail(conn, notice.id)
        if row is None or row.reach.email is None:
            raise NotWantedError("There is no address any more.")
        if not by_mail(row.reach.choice, group_of(notice.kind)):
            raise NotWantedError("They do not want it by e-mail any more.")
        message = compose(_letter(row, self._head, row.reach.email), self._head)
        try:
            async with self._at_the_server:
                answer = await self._server.send(
                    message,
                    sender=self._head.sender.addr_spec,
                    recipient=row.reach.email,
                    trust=self._trust,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _failure(error.recipients[0]) from error
        except aiosmtplib.SMTPDataError as error:
            raise _failure(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotDeliveredError(_told(error)) from error
        return Sent(answer=answer)


def _failure(
    error: aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError,
) -> UndeliverableError | NotDeliveredError:
    told = _told(error)
    if error.code in _REFUSED_FOR_GOOD:
        return UndeliverableError(told)
    return NotDeliveredError(told)


def _told(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _letter(row: MailRow, head: Letterhead, address: str) -> Letter:
    notice, booking = row.notice, row.notice.booking
    to = notice.to
    page = page_of(
        to.role,
        booking_id=booking.booking.id if booking else None,
        provider_id=notice.provider_id,
        webhook_id=notice.endpoint.id if notice.endpoint else None,
        is_of_standing=notice.is_of_standing,
    )
    about = notice.about(
        provider=row.name_of(Role.PROVIDER, notice.provider_id),
        client=row.name_of(Role.CLIENT, booking.booking.client_id) if booking else "",
    )
    session = None
    if booking is not None:
        session = Session(
            booking=booking.booking,
            reader=Person(party=to, name=row.name_of(to.role, to.id), email=address),
            other_name=about.client if to.role is Role.PROVIDER else about.provider,
            conference_url=booking.logistics.conference_url,
            materials=booking.logistics.materials,
            note=booking.logistics.note,
            page=head.link(page),
        )
    return Letter(
        id=notice.id,
        about=about,
        address=address,
        name=row.name_of(to.role, to.id),
        zone=_zone(row.reach.zone),
        at=notice.created_at,
        page=page,
        session=session,
        known={
            heading.id: heading.with_client(row.name_of(Role.CLIENT, heading.client_id))
            for heading in notice.named
        },
    )


def letterhead(sender: str, *, reply_to: str | None, portal: str | None) -> Letterhead:
    """Whom mails come from, by the settings: `Keepdate <bookings@example.org>`, or an address."""
    return Letterhead(
        sender=_mailbox(sender), reply_to=_mailbox(reply_to) if reply_to else None, portal=portal
    )


def _mailbox(given: str) -> Address:
    name, address = parseaddr(given)
    return Address(name, addr_spec=address)


def _zone(name: str | None) -> ZoneInfo:
    """Somebody's time zone; one that nobody knows, here at least, is UTC, which is then named."""
    try:
        return ZoneInfo(name) if name else _UTC
    except (ZoneInfoNotFoundError, ValueError):
        return _UTC
