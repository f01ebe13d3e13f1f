"""Which webhooks a recording owes: its events, for the endpoints that subscribe to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, false
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notices.ledger import Owed


def anybody_listens() -> ColumnElement[bool]:
    """Whether there is an endpoint at all, to be asked within another statement.

    So that a recording costs no statement more while there is none.
    """
    return false()


async def owe_webhooks(conn: AsyncConnection, event_ids: Sequence[int]) -> list[Owed]:
    """Adds a webhook to the ledger for each of these events and each endpoint it is for.

    `event_ids` are those of rows of `events` that were just written; there is at least one. Only
    called where anybody listens. A webhook tells of what has happened, whatever happened since:
    it has no `session_start`, and nothing supersedes it.
    """
    del conn, event_ids
    return []
