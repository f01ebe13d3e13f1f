"""The outside world of a drill: a mail server and an endpoint that fail, hang, and lie about it.

Both keep the id of whatever they took in, which is that of the notice in the ledger.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dev.trial import free_port
from drills.checker.log import Log, Taken

_HANG_SECONDS = 12.0
"""Longer than anybody waits for an answer."""


@dataclass(kw_only=True)
class Receivers:
    """How the two fare, by `chance`: how often they fail, and how often they hang."""

    chance: random.Random
    fail: float = 0.25
    hang: float = 0.01
    full: bool = False
    """Their disks are full: nothing is taken in, and it is said at once."""

    log: Log = field(default_factory=Log)
    secret: str = ""
    smtp_port: int = 0
    http_port: int = 0

    @property
    def settings(self) -> dict[str, str]:
        """Those of a worker that is to reach both."""
        return {
            "SMTP_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "MAIL_FROM": "Keepdate <bookings@drill.example>",
            "WEBHOOK_ALLOW_PRIVATE": "1",
        }

    @property
    def hook_url(self) -> str:
        """Where the endpoint is."""
        return f"http://127.0.0.1:{self.http_port}/hook"

    async def _fares(self) -> bool:
        """Whether it goes well; it may take too long to say that it does not."""
        self.log.tried += 1
        if self.full:
            return False
        if self.chance.random() < self.hang:
            await asyncio.sleep(_HANG_SECONDS)
            return False
        return self.chance.random() >= self.fail

    async def _answers(self) -> None:
        """Sometimes it takes something in, and the sender is never told."""
        if self.chance.random() < self.hang:
            await asyncio.sleep(_HANG_SECONDS)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        """As the mail server does with a mail."""
        if not await self._fares():
            return "451 Not now"
        content = envelope.content
        mail = message_from_bytes(
            content if isinstance(content, bytes) else b"", policy=policy.SMTP
        )
        message_id = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        self.log.mails.append(Taken(id=message_id, to=envelope.rcpt_tos[0], at=datetime.now(UTC)))
        await self._answers()
        return "250 Taken"

    async def hook(self, request: Request) -> Response:
        """As the endpoint does with a webhook."""
        body, webhook_id = await request.body(), request.headers.get("webhook-id", "")
        try:
            Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError as error:
            self.log.unsigned.append(f"{webhook_id}: {error}")
        if not await self._fares():
            return PlainTextResponse("Not now", 500)
        event = json.loads(body)["data"]["id"]
        self.log.webhooks.append(
            Taken(id=webhook_id, to=request.url.path, at=datetime.now(UTC), event=event)
        )
        await self._answers()
        return PlainTextResponse("Taken")


@asynccontextmanager
async def receiving(receivers: Receivers) -> AsyncIterator[Receivers]:
    """Both listen on this machine."""
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(
        lambda: SMTP(receivers, hostname="post.drill", loop=loop), "127.0.0.1", 0
    )
    receivers.smtp_port = mail.sockets[0].getsockname()[1]
    receivers.http_port = free_port()
    app = Starlette(routes=[Route("/hook", receivers.hook, methods=["POST"])])
    server = uvicorn.Server(
        uvicorn.Config(app, port=receivers.http_port, log_level="critical", lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield receivers
    finally:
        server.should_exit = server.force_exit = True
        await serving
        mail.close()
