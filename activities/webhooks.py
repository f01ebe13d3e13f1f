"""The outlet by which webhooks leave: each event to each endpoint, signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.delivering import (
    NotDeliveredError,
    NotWantedError,
    Outgoing,
    Sent,
    UndeliverableError,
)
from activities.posting import NoAnswerError, Poster, Reply
from db.queries.webhook_messages import WebhookMessage, get_webhook_message
from db.recording.webhook_health import disable, note_failure, note_success
from domain.notices.endpoint import DISABLED, UnreachableAddressError
from domain.notices.ledger import Owed
from notices.event import event_json
from notices.webhook import MOST_BYTES, message, signed

USER_AGENT = "Keepdate-Webhooks/1"

_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_GONE = 410
_BUSY = (429, 503)
_LONGEST_WAIT = timedelta(hours=1)


class WebhookOutlet:
    """Tells endpoints what happened, and disables those that have failed for too long."""

    def __init__(
        self,
        engine: AsyncEngine,
        poster: Poster,
        *,
        mail: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._poster = poster
        self._mail = mail
        self._clock = clock

    async def send(self, notice: Outgoing) -> Sent:
        """Posts the event of a notice to its endpoint, once.

        Raises NotWantedError where the endpoint was deleted, UndeliverableError where it is
        disabled, and NotDeliveredError where it did not take the message.
        """
        now = self._clock()
        webhook_id, found = await self._message(notice, now)
        body = message(
            event_json(
                place=found.place,
                type=found.type,
                occurred_at=found.occurred_at,
                booking_id=found.booking_id,
                provider_id=found.provider_id,
                data=found.data,
            )
        )
        if len(body) > MOST_BYTES:
            raise UndeliverableError(f"larger than {MOST_BYTES // 1024} kB: read it from the feed")
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            **signed(body, message_id=notice.id, at=now, secrets=found.secrets),
        }
        try:
            reply = await self._poster.post(found.url, body, headers)
        except (NoAnswerError, UnreachableAddressError) as error:
            raise await self._failure(webhook_id, str(error)) from error
        return await self._taken(webhook_id, reply)

    async def _message(self, notice: Outgoing, now: datetime) -> tuple[str, WebhookMessage]:
        if notice.webhook_id is None or notice.event_id is None:
            raise UndeliverableError("it names no endpoint, or no event")
        async with self._engine.connect() as conn:
            found = await get_webhook_message(
                conn, webhook_id=notice.webhook_id, event_id=notice.event_id, now=now
            )
        if found is None:
            raise NotWantedError("endpoint deleted")
        if found.disabled:
            raise UndeliverableError(DISABLED)
        return notice.webhook_id, found

    async def _taken(self, webhook_id: str, reply: Reply) -> Sent:
        answer = _answer(reply)
        if reply.status in _OK:
            async with self._engine.begin() as conn:
                await note_success(conn, webhook_id)
            return Sent(answer=answer)
        if reply.status == _GONE:
            raise NotDeliveredError(answer, owed=await self._gone(webhook_id))
        wait = reply.wait(self._clock()) if reply.status in _BUSY else None
        raise await self._failure(webhook_id, answer, wait=wait)

    async def _gone(self, webhook_id: str) -> tuple[Owed, ...]:
        """The receiver wants no more of it, and says so by the status that is meant for that."""
        async with self._engine.begin() as conn:
            owed = await disable(
                conn,
                webhook_id,
                now=self._clock(),
                reason="It answered 410 Gone.",
                mail=self._mail,
            )
        return tuple(owed)

    async def _failure(
        self, webhook_id: str, answer: str, *, wait: timedelta | None = None
    ) -> NotDeliveredError:
        async with self._engine.begin() as conn:
            owed = await note_failure(conn, webhook_id, now=self._clock(), mail=self._mail)
        del wait
        return NotDeliveredError(answer, owed=tuple(owed))


def _answer(reply: Reply) -> str:
    told = f"HTTP {reply.status}"
    if reply.status in _REDIRECTS:
        told += ", a redirect, which is not followed"
    return f"{told}: {reply.text}" if reply.text else told
