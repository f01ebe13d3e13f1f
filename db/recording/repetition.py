"""What is on record already where a record comes under a number that was used before.

A workflow may lose a task whose decision the database has: a worker was killed, or a message came
in the very moment in which the workflow wanted to end. It decides again then, perhaps in another
order. What is on record stays, and the workflow is told of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.documents import Json, storable
from db.queries.timelines import booking_timeline, standing_timeline
from db.schema import events
from domain.record import Entry, Subject, entry_json


@dataclass(frozen=True, kw_only=True)
class Past:
    """The lines and the events on record from a record's own first numbers on."""

    entries: tuple[Entry, ...]
    events: tuple[Json, ...]

    def holds(self, entries: Sequence[Entry]) -> bool:
        """Whether it begins with exactly these lines: then the record is a mere repetition."""
        found = self.entries[: len(entries)]
        return [entry_json(entry) for entry in found] == [
            storable(entry_json(entry)) for entry in entries
        ]


async def past(
    conn: AsyncConnection,
    subject: Subject,
    subject_id: str,
    *,
    first_seq: int,
    entries: Sequence[Entry],
) -> Past:
    """What is on record since a record's first event and first line."""
    read = booking_timeline if subject is Subject.BOOKING else standing_timeline
    first_line = min((entry.seq for entry in entries), default=1)
    lines = await read(conn, subject_id)
    found = await conn.scalars(
        select(events.c.data)
        .where(
            events.c.subject == subject,
            events.c.subject_id == subject_id,
            events.c.seq >= first_seq,
        )
        .order_by(events.c.seq)
    )
    return Past(
        entries=tuple(line for line in lines if line.seq >= first_line), events=tuple(found)
    )
