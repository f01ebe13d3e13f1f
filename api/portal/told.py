"""Sentences of the record as people read them: with its instants in their own time zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from api.portal import times
from notices.times import INSTANT


def told(text: str, zone: ZoneInfo, now: datetime) -> Markup:
    """A sentence, escaped, with each RFC 3339 instant shown as people say it."""
    parts: list[Markup] = []
    end = 0
    for found in INSTANT.finditer(text):
        parts += [escape(text[end : found.start()]), shown(found.group(), zone, now)]
        end = found.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def shown(instant: datetime | str, zone: ZoneInfo, now: datetime) -> Markup:
    """`Tue 24 Nov, 10:00` in a zone; what is no instant after all is shown as it stands."""
    try:
        found = times.as_instant(instant)
    except ValueError:
        return escape(instant)
    return times.time_element(found, times.short(found, zone, now), zone)
