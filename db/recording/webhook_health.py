"""How an endpoint of webhooks fares: since when it fails, and that it is disabled at last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.recording import notices as ledger
from db.schema import notices, webhooks
from db.stores.webhooks import end_owed
from domain.instants import rfc3339
from domain.notices.endpoint import DISABLED, DISABLED_AFTER
from domain.notices.ledger import NoticeState, Owed
from domain.party import SUPPORT_DESK, Party, Role

WEBHOOK_DISABLED = "webhook.disabled"
"""The kind of the notice by which an owner is told that their endpoint is told no more."""


async def note_success(conn: AsyncConnection, webhook_id: str) -> None:
    """An endpoint took what it was sent: whatever failed before is forgotten."""
    await conn.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.failing_since.is_not(None))
        .values(failing_since=None)
    )


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A delivery that an endpoint did not take, when, and what it answered instead.

    `url` is where it was then: what was answered there says nothing of any other address.
    """

    webhook_id: str
    url: str
    delivery_id: str
    at: datetime
    answer: str

    def is_news(self, failing_since: datetime | None) -> bool:
        """Whether anything follows from it for an endpoint that is known to fail since then."""
        return failing_since is None or self.at - failing_since >= DISABLED_AFTER


async def note_failure(conn: AsyncConnection, failure: Failure, *, mail: bool) -> list[Owed]:
    """An endpoint failed. It is disabled if it has done nothing else for as long as is allowed.

    The result is what its owner is told of that, where `mail` says that mail is sent.
    """
    failing = await conn.execute(
        update(webhooks)
        .where(_is_there_still(failure))
        .values(failing_since=func.coalesce(webhooks.c.failing_since, failure.at))
        .returning(webhooks.c.failing_since)
    )
    since = failing.scalar_one_or_none()
    if since is None or failure.at - since < DISABLED_AFTER:
        return []
    reason = f"It has failed since {rfc3339(since)} without a success in between."
    return await disable(conn, failure, reason=reason, mail=mail)


async def disable(
    conn: AsyncConnection, failure: Failure, *, reason: str, mail: bool
) -> list[Owed]:
    """Disables an endpoint, unless it is so already, was deleted, or has another address by now.

    What is still owed to it ends as failed. Its owner is told, and the result is how, beyond the
    inbox. A service has no inbox: support is told of its endpoints.
    """
    now, webhook_id = failure.at, failure.webhook_id
    done = await conn.execute(
        update(webhooks)
        .where(_is_there_still(failure))
        .values(disabled_at=now, disabled_reason=reason, updated_at=now)
        .returning(webhooks.c.owner_role, webhooks.c.owner_id)
    )
    owner = done.one_or_none()
    if owner is None:
        return []
    await end_owed(conn, webhook_id, NoticeState.FAILED, reason=DISABLED, now=now)
    await conn.execute(
        update(notices).where(notices.c.id == failure.delivery_id).values(answer=failure.answer)
    )
    theirs = owner.owner_role == Role.PROVIDER.value
    return await ledger.write(
        conn,
        [
            ledger.Notice(
                to=Party(role=Role.PROVIDER, id=owner.owner_id) if theirs else SUPPORT_DESK,
                kind=WEBHOOK_DISABLED,
                booking_id=None,
                provider_id=owner.owner_id if theirs else None,
                booking_revision=None,
                due_at=now,
                # It may be enabled, and fail for as long, once more. Whoever made the delivery that
                # this follows from makes this one too.
                source=f"webhook/{webhook_id}/{failure.delivery_id}/{rfc3339(now)}",
            )
        ],
        mail=mail,
    )


def _is_there_still(failure: Failure) -> ColumnElement[bool]:
    return and_(
        webhooks.c.id == failure.webhook_id,
        webhooks.c.url == failure.url,
        webhooks.c.deleted_at.is_(None),
        webhooks.c.disabled_at.is_(None),
    )
