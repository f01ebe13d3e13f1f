"""The lines of a timeline and the events of the feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.documents import Json, storable
from db.recording.together import Cards, Move, Rows, write_together
from db.recording.webhooks_owed import owe_webhooks
from db.schema import decisions
from domain.notices.ledger import Owed
from domain.record import REFUSALS_KEPT, Entry, Subject, entry_json

REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One event, ready to be written down. `seq` is its number among its subject's events."""

    seq: int
    type: str
    at: datetime
    data: Json
    booking_id: str | None


@dataclass(frozen=True, kw_only=True)
class Journal:
    """What one recording adds to a subject's timeline and to the feed."""

    subject: Subject
    subject_id: str
    provider_id: str
    client_id: str | None
    events: tuple[Happened, ...]
    entries: tuple[Entry, ...]

    async def write(
        self,
        conn: AsyncConnection,
        *,
        told: Rows,
        cards: Cards | None = None,
        move: Move | None = None,
    ) -> list[Owed]:
        """Adds the lines and the events, and the notices, cards and change that go with them.

        Forgets refusals beyond those that are kept. The result is what services are to be told of
        the events, by webhook.
        """
        listened_to = await write_together(
            conn,
            happened=self.event_rows(),
            lines=[self.line(entry) for entry in self.entries],
            told=told,
            cards=cards,
            move=move,
        )
        if self.refused:
            await self._prune(conn)
        return await owe_webhooks(conn, listened_to) if listened_to else []

    @property
    def refused(self) -> Sequence[Entry]:
        """The lines of commands that were refused."""
        return [entry for entry in self.entries if entry.outcome == REFUSED]

    def line(self, entry: Entry) -> dict[str, Any]:
        """The row of one line of the timeline."""
        return {
            "subject": self.subject,
            "subject_id": self.subject_id,
            "seq": entry.seq,
            "given_at": entry.given_at,
            "handled_at": entry.handled_at,
            "by_role": entry.by.role.value,
            "by_id": storable(entry.by.id),
            "command": storable(entry.command),
            "outcome": entry.outcome,
            "code": entry.code,
            "rule": storable(entry.rule),
            "text": storable(entry.text),
            "data": storable(entry.data),
        }

    def event_rows(self) -> list[dict[str, Any]]:
        """In the order in which it came: what was refused before the deed, the deed, the rest."""
        deed = next((entry.seq for entry in self.entries if entry.outcome != REFUSED), 0)
        before = [entry for entry in self.refused if entry.seq < deed]
        after = [entry for entry in self.refused if entry.seq >= deed]
        return [
            *self._refusal_rows(before),
            *(self._event_row(event) for event in self.events),
            *self._refusal_rows(after),
        ]

    def _event_row(self, event: Happened) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "subject_id": self.subject_id,
            "seq": event.seq,
            "refusal_seq": None,
            "type": event.type,
            "occurred_at": event.at,
            "booking_id": event.booking_id,
            "provider_id": self.provider_id,
            "client_id": self.client_id,
            "data": event.data,
        }

    def _refusal_rows(self, refused: Iterable[Entry]) -> list[dict[str, Any]]:
        booking_id = self.subject_id if self.subject is Subject.BOOKING else None
        return [
            {
                "subject": self.subject,
                "subject_id": self.subject_id,
                "seq": None,
                "refusal_seq": entry.seq,
                "type": "command.refused",
                "occurred_at": entry.handled_at,
                "booking_id": booking_id,
                "provider_id": self.provider_id,
                "client_id": self.client_id,
                "data": storable(entry_json(entry)),
            }
            for entry in refused
        ]

    async def _prune(self, conn: AsyncConnection) -> None:
        refusals = (
            decisions.c.subject == self.subject,
            decisions.c.subject_id == self.subject_id,
            decisions.c.outcome == REFUSED,
        )
        oldest_kept = (
            select(decisions.c.seq)
            .where(*refusals)
            .order_by(decisions.c.seq.desc())
            .offset(REFUSALS_KEPT - 1)
            .limit(1)
            .scalar_subquery()
        )
        await conn.execute(delete(decisions).where(*refusals, decisions.c.seq < oldest_kept))
