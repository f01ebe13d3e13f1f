"""What a webhook says, where it goes, and what it is signed with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.feed import place_committed
from db.schema import events, webhooks
from domain.party import Role

_READ_NO_FEED = Role.PROVIDER.value


@dataclass(frozen=True, kw_only=True)
class WebhookMessage:
    """An event on its way to one endpoint.

    `secrets` are all those that sign now, the newest first. `place` is where the feed has the
    event; None for the endpoint of a provider, who reads no feed: the places would tell how much
    happens to all others.
    """

    url: str
    secrets: tuple[str, ...]
    failing_since: datetime | None
    disabled: bool
    place: int | None
    type: str
    occurred_at: datetime
    booking_id: str | None
    provider_id: str | None
    data: dict[str, Any]


async def get_webhook_message(
    conn: AsyncConnection, *, webhook_id: str, event_id: int, now: datetime
) -> WebhookMessage | None:
    """What to send of an event to an endpoint; None if the endpoint is deleted.

    Commits: an event that no reader of the feed has seen yet gets its place.
    """
    row = await _read(conn, webhook_id, event_id)
    while row is not None and row.feed_seq is None and row.owner_role != _READ_NO_FEED:
        await place_committed(conn)
        row = await _read(conn, webhook_id, event_id)
    if row is None:
        return None
    old = (each for each in row.old_secrets if datetime.fromisoformat(each["until"]) > now)
    return WebhookMessage(
        url=row.url,
        secrets=(row.secret, *(each["secret"] for each in old)),
        failing_since=row.failing_since,
        disabled=row.disabled_at is not None,
        place=None if row.owner_role == _READ_NO_FEED else row.feed_seq,
        type=row.type,
        occurred_at=row.occurred_at,
        booking_id=row.booking_id,
        provider_id=row.provider_id,
        data=row.data,
    )


async def _read(conn: AsyncConnection, webhook_id: str, event_id: int) -> Any:
    found = await conn.execute(
        select(
            webhooks.c.url,
            webhooks.c.owner_role,
            webhooks.c.secret,
            webhooks.c.old_secrets,
            webhooks.c.failing_since,
            webhooks.c.disabled_at,
            events.c.feed_seq,
            events.c.type,
            events.c.occurred_at,
            events.c.booking_id,
            events.c.provider_id,
            events.c.data,
        )
        .join_from(webhooks, events, events.c.id == event_id)
        .where(webhooks.c.id == webhook_id, webhooks.c.deleted_at.is_(None))
    )
    return found.one_or_none()
