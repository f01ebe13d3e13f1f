"""Timelines as people read them: who did what and why, in the viewer's own time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from api.portal.names import Names
from api.portal.told import told
from db.queries.headings import BookingHeading
from domain.record import Entry

_REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One decision, as it is shown. `handled_at` is None where it was decided at once."""

    given_at: datetime
    handled_at: datetime | None
    by: str
    text: Markup
    rule: str
    refused: bool


class Teller:
    """Puts the record's sentences into words for one viewer.

    Their instants, which are in UTC, become the viewer's times. Ids that are known become what
    they stand for; `known` says what, as HTML.
    """

    def __init__(self, zone: ZoneInfo, now: datetime, known: Mapping[str, Markup]) -> None:
        self._zone = zone
        self._now = now
        self._known = known
        # The longest first: the id of a late event begins with that of its booking.
        ids = [re.escape(each) for each in sorted(known, key=len, reverse=True)]
        self._ids = re.compile(f"({'|'.join(ids)})") if ids else None

    def __call__(self, text: str) -> Markup:
        """A sentence of the record as HTML; whatever people wrote in it stays text."""
        parts = self._ids.split(text) if self._ids else [text]
        return Markup("").join(self._known.get(part) or self._told(part) for part in parts)

    def _told(self, text: str) -> Markup:
        return told(text, self._zone, self._now)


_LINK = Markup('<a href="/bookings/{}">{}</a>')


def links_to(headings: Iterable[BookingHeading], names: Names) -> dict[str, Markup]:
    """Bookings as their provider and support know them, by their ids."""
    return {
        each.id: _LINK.format(each.id, each.with_client(names.client(each.client_id)))
        for each in headings
    }


def newest_first(entries: Sequence[Entry], tell: Teller, names: Names) -> list[Line]:
    """A timeline, the last decision first."""
    return [
        Line(
            given_at=entry.given_at,
            handled_at=entry.handled_at if _was_late(entry) else None,
            by=names.of(entry.by),
            text=tell(entry.text),
            rule=entry.rule,
            refused=entry.outcome == _REFUSED,
        )
        for entry in reversed(entries)
    ]


def _was_late(entry: Entry) -> bool:
    """Whether a decision had to wait for longer than anybody would notice."""
    return (entry.handled_at - entry.given_at).total_seconds() >= 60  # noqa: PLR2004
