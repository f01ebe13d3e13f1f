"""The numbers at the tabs: what is new for the viewer."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.conversations import count_unread
from db.queries.inbox import count_unread_notices
from db.queries.queues import count_waiting
from domain.party import SUPPORT_DESK, Party, Role


async def tab_counts(conn: AsyncConnection, viewer: Party) -> dict[str, int]:
    """By the name of a tab. Support reads conversations along, and has decisions to make instead.

    It has one inbox, the desk's: what one of them has seen, support has seen.
    """
    if viewer.role is Role.SUPPORT:
        unseen = await count_unread_notices(conn, SUPPORT_DESK)
        return {"queues": await count_waiting(conn), "notices": unseen}
    unseen = await count_unread_notices(conn, viewer)
    return {"messages": await count_unread(conn, viewer), "notices": unseen}
