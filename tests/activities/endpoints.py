"""A notice to an endpoint, from the ledger to the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.delivering import Outgoing
from activities.posting import Poster
from activities.webhooks import WebhookOutlet
from db.queries.webhooks import WebhookRow, get_webhook
from db.recording import deliveries
from db.schema import notices
from domain.notices.endpoint import Reach
from domain.notices.ledger import Delivered
from domain.party import Party, Role

ADA = Party(role=Role.PROVIDER, id="ada")


def now() -> datetime:
    """Whole seconds, as the headers have them. Receivers compare them with their own clock."""
    return datetime.now(UTC).replace(microsecond=0)


def outlet(
    engine: AsyncEngine,
    *,
    at: datetime | None = None,
    mail: bool = False,
    reach: Reach = Reach(private=True, plain=True),  # noqa: B008
) -> WebhookOutlet:
    clock: Callable[[], datetime] = now if at is None else lambda: at
    poster = Poster(reach, within=timedelta(seconds=5))
    return WebhookOutlet(engine, poster, mail=mail, clock=clock)


async def outgoing(engine: AsyncEngine, webhook_id: str) -> Outgoing:
    """The newest notice to an endpoint, at its next attempt."""
    async with engine.begin() as conn:
        newest = select(notices.c.id).where(notices.c.webhook_id == webhook_id)
        notice_id = (await conn.scalars(newest.order_by(notices.c.id.desc()).limit(1))).one()
        claimed = await deliveries.claim(conn, notice_id)
    assert not isinstance(claimed, Delivered), claimed
    return Outgoing(
        id=claimed.id,
        to=Party(role=Role(claimed.recipient_role), id=claimed.recipient_id),
        kind=claimed.kind,
        provider_id=claimed.provider_id,
        booking_id=claimed.booking_id,
        booking_revision=claimed.booking_revision,
        session_start=claimed.session_start,
        due_at=claimed.due_at,
        created_at=claimed.created_at,
        event_id=claimed.event_id,
        webhook_id=claimed.webhook_id,
        attempt=claimed.attempts,
    )


async def found(engine: AsyncEngine, webhook_id: str) -> WebhookRow:
    async with engine.connect() as conn:
        row = await get_webhook(conn, webhook_id)
    assert row is not None
    return row


async def ledger(engine: AsyncEngine, *columns: Any, **where: Any) -> list[tuple[Any, ...]]:
    async with engine.connect() as conn:
        rows = await conn.execute(select(*columns).filter_by(**where).order_by(notices.c.id))
        return [tuple(row) for row in rows]
