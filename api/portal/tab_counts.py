"""The numbers at the tabs: what is new for the viewer."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.conversations import count_unread
from db.queries.queues import count_waiting
from domain.party import Party, Role


async def tab_counts(conn: AsyncConnection, viewer: Party) -> dict[str, int]:
    """By the name of a tab. Support reads along, and has nothing unread, but decisions to make."""
    if viewer.role is Role.SUPPORT:
        return {"queues": await count_waiting(conn)}
    return {"messages": await count_unread(conn, viewer)}
