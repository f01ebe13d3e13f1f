"""Endpoints of webhooks, and the log of what was sent to each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import notices, webhooks
from domain.notices.ledger import NoticeState
from domain.party import Party, Role


@dataclass(frozen=True, kw_only=True)
class WebhookRow:
    """An endpoint, without its secrets. `types` is empty where it is told of everything."""

    id: str
    owner: Party
    url: str
    description: str
    types: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    """An event on its way to an endpoint, or at the end of it. `answer` is the newest attempt's."""

    id: str
    kind: str
    booking_id: str | None
    state: NoticeState
    reason: str | None
    attempts: int
    attempted_at: datetime | None
    answer: str | None
    created_at: datetime


async def get_webhook(conn: AsyncConnection, webhook_id: str) -> WebhookRow | None:
    """One endpoint, whoever's it is; None if there is none of this id, or none any more."""
    found = (await conn.execute(_read().where(webhooks.c.id == webhook_id))).one_or_none()
    return _webhook(found) if found else None


async def list_webhooks(
    conn: AsyncConnection, *, viewer: Party, limit: int, after: str | None = None
) -> list[WebhookRow]:
    """The endpoints of one owner, the newest first; for support, everybody's.

    The page begins after the endpoint `after`.
    """
    statement = _read().order_by(webhooks.c.id.desc()).limit(limit)
    if viewer.role is not Role.SUPPORT:
        statement = statement.where(
            webhooks.c.owner_role == viewer.role.value, webhooks.c.owner_id == viewer.id
        )
    if after is not None:
        statement = statement.where(webhooks.c.id < after)
    return [_webhook(row) for row in await conn.execute(statement)]


async def count_webhooks(conn: AsyncConnection, owner: Party) -> int:
    """How many endpoints one owner has."""
    found = await conn.execute(
        select(func.count()).where(
            webhooks.c.owner_role == owner.role.value,
            webhooks.c.owner_id == owner.id,
            webhooks.c.deleted_at.is_(None),
        )
    )
    return found.scalar_one()


async def list_deliveries(
    conn: AsyncConnection, webhook_id: str, *, limit: int, after: str | None = None
) -> list[DeliveryRow]:
    """What an endpoint was sent or is owed, the newest first; begins after the one `after`."""
    statement = _deliveries(webhook_id).order_by(notices.c.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(notices.c.id < after)
    return [_delivery(row) for row in await conn.execute(statement)]


async def get_delivery(
    conn: AsyncConnection, webhook_id: str, delivery_id: str
) -> DeliveryRow | None:
    """One delivery to an endpoint; None if there is none of this id."""
    statement = _deliveries(webhook_id).where(notices.c.id == delivery_id)
    found = (await conn.execute(statement)).one_or_none()
    return _delivery(found) if found else None


def _read() -> Select[Any]:
    return select(
        webhooks.c.id,
        webhooks.c.owner_role,
        webhooks.c.owner_id,
        webhooks.c.url,
        webhooks.c.description,
        webhooks.c.types,
        webhooks.c.created_at,
        webhooks.c.updated_at,
        webhooks.c.failing_since,
        webhooks.c.disabled_at,
        webhooks.c.disabled_reason,
    ).where(webhooks.c.deleted_at.is_(None))


def _webhook(row: Any) -> WebhookRow:
    found = dict(row._mapping)
    owner = Party(role=Role(found.pop("owner_role")), id=found.pop("owner_id"))
    return WebhookRow(**{**found, "types": tuple(row.types), "owner": owner})


def _deliveries(webhook_id: str) -> Select[Any]:
    return select(
        notices.c.id,
        notices.c.kind,
        notices.c.booking_id,
        notices.c.state,
        notices.c.reason,
        notices.c.attempts,
        notices.c.attempted_at,
        notices.c.answer,
        notices.c.created_at,
    ).where(notices.c.webhook_id == webhook_id)


def _delivery(row: Any) -> DeliveryRow:
    return DeliveryRow(**{**row._mapping, "state": NoticeState(row.state)})
