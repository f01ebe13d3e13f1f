"""The outlet by which webhooks leave: each event to each endpoint, signed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.delivering import (
    NotDeliveredError,
    NotWantedError,
    Outgoing,
    Sent,
    TurnedAwayError,
    UndeliverableError,
)
from activities.posting import NoAnswerError, Poster, Reply
from db.queries.webhook_messages import WebhookMessage, get_webhook_message
from db.recording.webhook_health import Failure, disable, note_failure, note_success
from domain.notices.endpoint import DELETED, DISABLED, UnreachableAddressError
from domain.notices.ledger import LONGEST_WAIT, Owed
from domain.party import Party, Role
from notices.event import event_json
from notices.webhook import MOST_BYTES, message, signed

USER_AGENT = "Keepdate-Webhooks/1"

_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_GONE = 410
_GONE_REASON = "It answered 410 Gone."
_BUSY = (429, 503)

_AT_A_FAILING_ENDPOINT = 5
_AT_ALL_OF_A_PROVIDERS = 15
"""Three fifths of what a worker delivers at once: mails are among the rest."""
_ROOM_AFTER_SECONDS = (5.0, 15.0)
"""When to ask again for one of these. Not all at the same moment, nor so soon that a thousand that
wait for slow endpoints keep a worker busy with turning them away."""
_AT_THE_DATABASE = 5
"""So many read or write at a time: a worker's other connections are for decisions."""


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
        self._under_way: Counter[str | Party] = Counter()
        self._at_the_database = asyncio.Semaphore(_AT_THE_DATABASE)

    async def send(self, notice: Outgoing) -> Sent:
        """Posts the event of a notice to its endpoint, once.

        Raises NotWantedError where the endpoint was deleted, UndeliverableError where it is
        disabled, NotDeliveredError where it did not take the message, and TurnedAwayError where too
        many others are on their way to the same provider.
        """
        if notice.webhook_id is None or notice.event_id is None:
            raise UndeliverableError("it names no endpoint, or no event")
        now = self._clock()
        found = await self._message(notice.webhook_id, notice.event_id, now)
        try:
            with self._on_the_way_to(notice.webhook_id, notice.to, found):
                reply = await self._posted(notice.id, found, now)
        except (NoAnswerError, UnreachableAddressError) as error:
            told, wait, gone = str(error), None, False
        else:
            if reply.status in _OK:
                await self._took(notice.webhook_id, found)
                return Sent(answer=_answer(reply))
            told, gone = _answer(reply), reply.status == _GONE
            wait = reply.wait(now) if reply.status in _BUSY else None
        failure = Failure(
            webhook_id=notice.webhook_id,
            url=found.url,
            delivery_id=notice.id,
            at=self._clock(),
            answer=told,
        )
        owed = await self._failed(failure, found, gone=gone)
        raise NotDeliveredError(told, owed=owed, wait=wait and min(wait, LONGEST_WAIT))

    @contextmanager
    def _on_the_way_to(
        self, webhook_id: str, owner: Party, found: WebhookMessage
    ) -> Iterator[None]:
        """Lets few at a time to an endpoint that fails: who waits for it holds up all others.

        And not too many to all endpoints of one provider: anybody may be a provider, with endpoints
        that answer 200, but slowly.
        """
        failing = found.failing_since is not None
        if failing and self._under_way[webhook_id] >= _AT_A_FAILING_ENDPOINT:
            raise NotDeliveredError("the endpoint is failing, and others are on their way to it")
        anybody = owner.role is Role.PROVIDER
        if anybody and self._under_way[owner] >= _AT_ALL_OF_A_PROVIDERS:
            wait = timedelta(seconds=random.uniform(*_ROOM_AFTER_SECONDS))  # noqa: S311
            told = "others are on their way to endpoints of the same provider"
            raise TurnedAwayError(told, wait=wait)
        self._under_way.update((webhook_id, owner))
        try:
            yield
        finally:
            self._under_way.subtract((webhook_id, owner))
            # Of endpoints that nobody calls nothing is remembered.
            self._under_way += Counter()

    async def _message(self, webhook_id: str, event_id: int, now: datetime) -> WebhookMessage:
        async with self._at_the_database, self._engine.connect() as conn:
            found = await get_webhook_message(
                conn, webhook_id=webhook_id, event_id=event_id, now=now
            )
        if found is None:
            raise NotWantedError(DELETED)
        if found.disabled:
            raise UndeliverableError(DISABLED)
        return found

    async def _posted(self, message_id: str, found: WebhookMessage, now: datetime) -> Reply:
        event = event_json(
            place=found.place,
            type=found.type,
            occurred_at=found.occurred_at,
            booking_id=found.booking_id,
            provider_id=found.provider_id,
            data=found.data,
        )
        body = message(event)
        if len(body) > MOST_BYTES:
            raise UndeliverableError(f"larger than {MOST_BYTES // 1024} kB: read it from the feed")
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            **signed(body, message_id=message_id, at=now, secrets=found.secrets),
        }
        return await self._poster.post(found.url, body, headers)

    async def _took(self, webhook_id: str, found: WebhookMessage) -> None:
        if found.failing_since is not None:
            async with self._at_the_database, self._engine.begin() as conn:
                await note_success(conn, webhook_id)

    async def _failed(
        self, failure: Failure, found: WebhookMessage, *, gone: bool
    ) -> tuple[Owed, ...]:
        """What the owner is told, where this was too much. A dead endpoint costs no writing."""
        if not gone and not failure.is_news(found.failing_since):
            return ()
        async with self._at_the_database, self._engine.begin() as conn:
            if gone:
                # The status by which a receiver says that it wants no more of it.
                owed = await disable(conn, failure, reason=_GONE_REASON, mail=self._mail)
            else:
                owed = await note_failure(conn, failure, mail=self._mail)
        return tuple(owed)


def _answer(reply: Reply) -> str:
    told = f"HTTP {reply.status}"
    if reply.status in _REDIRECTS:
        told += ", a redirect, which is not followed"
    return f"{told}: {reply.text}" if reply.text else told
