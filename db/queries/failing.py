"""What is owed and was tried several times, by where it does not arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import notices, webhooks
from domain.notices.ledger import Channel, NoticeState
from domain.party import Party, Role


@dataclass(frozen=True, kw_only=True)
class Failing:
    """An endpoint, or all mail, to which several attempts have led nowhere.

    `host` and `owner` are those of the endpoint. `attempts` are those of the notice that was tried
    most often, and `since` is when the oldest was written; `answer` is what came of the newest
    attempt, and `example` the id of the notice that was tried then.
    """

    channel: Channel
    webhook_id: str | None
    host: str | None
    owner: Party | None
    count: int
    attempts: int
    since: datetime
    answer: str | None
    example: str
    booking_id: str | None


async def failing_deliveries(conn: AsyncConnection, *, tried: int) -> list[Failing]:
    """Where notices do not arrive that were tried so often; the most of them first."""
    count = func.count()
    found = await conn.execute(
        select(
            notices.c.channel,
            notices.c.webhook_id,
            webhooks.c.url,
            webhooks.c.owner_role,
            webhooks.c.owner_id,
            count.label("number"),
            func.max(notices.c.attempts).label("attempts"),
            func.min(notices.c.created_at).label("since"),
            _newest(notices.c.answer).label("answer"),
            _newest(notices.c.id).label("example"),
            _newest(notices.c.booking_id).label("booking_id"),
        )
        .outerjoin(webhooks, webhooks.c.id == notices.c.webhook_id)
        .where(notices.c.state == NoticeState.OWED.value, notices.c.attempts >= tried)
        .group_by(notices.c.channel, notices.c.webhook_id, webhooks.c.id)
        .order_by(count.desc(), notices.c.webhook_id)
    )
    return [
        Failing(
            channel=Channel(row.channel),
            webhook_id=row.webhook_id,
            # The rest of an address may hold a key of its owner's.
            host=urlsplit(row.url).hostname if row.url else None,
            owner=Party(role=Role(row.owner_role), id=row.owner_id) if row.owner_role else None,
            count=row.number,
            attempts=row.attempts,
            since=row.since,
            answer=row.answer,
            example=row.example,
            booking_id=row.booking_id,
        )
        for row in found
    ]


def _newest(column: ColumnElement[str]) -> ColumnElement[str]:
    """What a column holds in the row that was tried last."""
    newest: ColumnElement[str] = func.array_agg(
        aggregate_order_by(column, notices.c.attempted_at.desc(), notices.c.id)
    )[1]
    return newest
