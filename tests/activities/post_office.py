"""A mail server that listens on this machine, and refuses whom it is told to."""

from __future__ import annotations

import asyncio
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class PostOffice:
    """What was taken in; and whom it refuses, when they are named or when their mail comes."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refuses_to: dict[str, str] = field(default_factory=dict)
    refuses_mail_to: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its address."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Whether it takes mail for somebody."""
        if address in self.refuses_to:
            return self.refuses_to[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        """Takes a mail in."""
        for address in envelope.rcpt_tos:
            if address in self.refuses_mail_to:
                return self.refuses_mail_to[address]
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=email.policy.default))
        self.senders.append(envelope.mail_from or "")
        return "250 Taken"

    def knows(self, _: Any, __: Any, ___: Any, mechanism: str, given: Any) -> AuthResult:
        """Whether somebody may send mail through it."""
        del mechanism
        assert isinstance(given, LoginPassword)
        self.logins.append(f"{given.login.decode()}:{given.password.decode()}")
        return AuthResult(success=given.password == b"right p@ss", handled=False)


@asynccontextmanager
async def open_post_office(tls: ssl.SSLContext | None = None) -> AsyncIterator[PostOffice]:
    """A post office; with a certificate it insists on STARTTLS, and on knowing who sends."""
    office = PostOffice()
    loop = asyncio.get_running_loop()

    def one() -> SMTP:
        return SMTP(
            office,
            hostname="post.test",
            loop=loop,
            tls_context=tls,
            require_starttls=tls is not None,
            auth_required=tls is not None,
            authenticator=office.knows,
        )

    server = await loop.create_server(one, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        await server.wait_closed()
