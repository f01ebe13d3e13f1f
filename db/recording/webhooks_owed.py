"""Which webhooks a recording owes: its events, for the endpoints that subscribe to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    any_,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from db.ids import new_id
from db.queries.feed import PUBLIC
from db.schema import events, notices, webhooks
from domain.notices.ledger import Channel, NoticeState, Owed
from domain.party import Party, Role

TOLD_EVERYTHING = (Role.SERVICE, Role.SUPPORT)
"""Who may read the whole feed. A provider is told of their own bookings and standing alone."""


def anybody_listens() -> ColumnElement[bool]:
    """Whether there is an endpoint for an event, to be asked where the event is written.

    So that a recording costs no statement more while there is none.
    """
    # Named in plain words: a table that is written to is none that SQLAlchemy correlates with.
    event_type: ColumnElement[str] = literal_column("events.type")
    provider_id: ColumnElement[str] = literal_column("events.provider_id")
    return exists(select(webhooks.c.id).where(_hears(event_type, provider_id)))


def _hears(event_type: ColumnElement[Any], provider_id: ColumnElement[Any]) -> ColumnElement[bool]:
    owner_role = webhooks.c.owner_role
    return and_(
        webhooks.c.deleted_at.is_(None),
        webhooks.c.disabled_at.is_(None),
        or_(func.cardinality(webhooks.c.types) == 0, event_type == any_(webhooks.c.types)),
        or_(
            *(owner_role == role.value for role in TOLD_EVERYTHING),
            and_(owner_role == Role.PROVIDER.value, webhooks.c.owner_id == provider_id),
        ),
    )


async def owe_webhooks(conn: AsyncConnection, event_ids: Sequence[int]) -> list[Owed]:
    """Adds a webhook to the ledger for each of these events and each endpoint it is for.

    `event_ids` are those of rows of `events` that were just written; there is at least one. Only
    called where anybody listens. A webhook tells of what has happened, whatever happened since:
    it has no `session_start`, and nothing supersedes it.
    """
    found = await conn.execute(
        select(
            events.c.id,
            events.c.type,
            events.c.booking_id,
            events.c.provider_id,
            events.c.occurred_at,
            webhooks.c.id.label("webhook_id"),
            webhooks.c.owner_role,
            webhooks.c.owner_id,
        )
        .join_from(events, webhooks, _hears(events.c.type, events.c.provider_id))
        .where(events.c.id.in_(event_ids), events.c.type.in_(PUBLIC))
        .order_by(events.c.id, webhooks.c.id)
    )
    rows = [_row(each) for each in found]
    if rows:
        await conn.execute(insert(notices), rows)
    return [
        Owed.to(
            Party(role=Role(row["recipient_role"]), id=row["recipient_id"]),
            id=row["id"],
            channel=Channel.WEBHOOK,
            kind=row["kind"],
        )
        for row in rows
    ]


def _row(each: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "recipient_role": each.owner_role,
        "recipient_id": each.owner_id,
        "kind": each.type,
        "channel": Channel.WEBHOOK.value,
        "booking_id": each.booking_id,
        "provider_id": each.provider_id,
        "due_at": each.occurred_at,
        "state": NoticeState.OWED.value,
        "event_id": each.id,
        "webhook_id": each.webhook_id,
        "source": f"event/{each.id}/{each.webhook_id}/{Channel.WEBHOOK.value}",
    }
