"""Telling whoever listens that something has happened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Insert, ReturningInsert

from db.schema import events

CHANNEL = "keepdate_events"

SIGN_OUTS = "keepdate_sign_outs"
"""Where it is announced which session of the portal was ended: by its id."""

MESSAGE_POSTED = "message.posted"
MESSAGE_READ = "message.read"
LOGISTICS_CHANGED = "logistics.changed"
OF_THE_API = (MESSAGE_POSTED, MESSAGE_READ, LOGISTICS_CHANGED)
"""What the API itself writes: told live, but no decision, and so not in the feed for services."""


def announced(insertion: Insert, *also: ColumnElement[Any]) -> ReturningInsert[Any]:
    """An insertion of events that is announced when it is committed, and only then.

    It costs no statement of its own, and answers with `also`. The announcement is empty: listeners
    read what happened, in order, from the table, so that it does no harm if one is lost. PostgreSQL
    makes one of all those of a transaction.
    """
    return insertion.returning(*also, func.pg_notify(CHANNEL, ""))


async def announce(
    conn: AsyncConnection,
    *,
    type: str,  # noqa: A002  # the one word for it everywhere
    subject: str,
    subject_id: str,
    provider_id: str | None = None,
    client_id: str | None = None,
    booking_id: str | None = None,
) -> None:
    """Adds an event of the API's own, which concerns these people. It says nothing but that."""
    row: dict[str, Any] = {
        "type": type,
        "subject": subject,
        "subject_id": subject_id,
        "provider_id": provider_id,
        "client_id": client_id,
        "booking_id": booking_id,
        "occurred_at": func.now(),
        "data": {},
    }
    await conn.execute(announced(insert(events).values(row)))
