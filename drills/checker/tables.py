"""What PostgreSQL has on record, read by plain SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]


class Tables:
    """The rows of some bookings and providers."""

    def __init__(self, url: str, bookings: Collection[str], providers: Collection[str]) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://")
        self._ids = list(bookings)
        self._providers = list(providers)

    def bookings(self) -> dict[str, Row]:
        """The rows of the bookings, by id."""
        found = self._ask("SELECT * FROM bookings WHERE id = ANY(%s)", self._ids)
        return {row["id"]: row for row in found}

    def lines(self) -> list[Row]:
        """The timelines, in order."""
        return self._ask(
            "SELECT * FROM decisions WHERE subject_id = ANY(%s) ORDER BY subject_id, seq",
            self._ids + self._providers,
        )

    def events(self) -> list[Row]:
        """The events, each subject's in order."""
        return self._ask(
            "SELECT * FROM events WHERE subject_id = ANY(%s) AND seq IS NOT NULL"
            " ORDER BY subject_id, seq",
            self._ids + self._providers,
        )

    def overlaps(self) -> list[Row]:
        """Pairs of confirmed sessions of one provider that overlap."""
        return self._ask(
            "SELECT a.id AS one, b.id AS other, a.provider_id FROM bookings a"
            " JOIN bookings b ON b.provider_id = a.provider_id AND b.id > a.id"
            " WHERE a.provider_id = ANY(%s) AND a.state = 'confirmed' AND b.state = 'confirmed'"
            " AND a.scheduled_start < b.scheduled_end AND b.scheduled_start < a.scheduled_end",
            self._providers,
        )

    def notices(self) -> list[Row]:
        """The ledger."""
        return self._ask("SELECT * FROM notices WHERE booking_id = ANY(%s)", self._ids)

    def cards(self) -> set[str]:
        """What the cards of the chats come from."""
        found = self._ask(
            "SELECT m.source FROM messages m JOIN conversations c ON c.id = m.conversation_id"
            " WHERE c.provider_id = ANY(%s) AND m.source IS NOT NULL",
            self._providers,
        )
        return {row["source"] for row in found}

    def _ask(self, query: str, parameter: list[str]) -> list[Row]:
        with psycopg.connect(self._url, row_factory=dict_row) as conn:
            return conn.execute(query, (parameter,)).fetchall()
