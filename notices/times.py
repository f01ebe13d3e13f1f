"""Instants as people read them away from the portal: with weekday and year, and the zone named."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

INSTANT = re.compile(r"\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z")
"""How the record writes an instant in a sentence."""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def in_zone(instant: datetime, zone: ZoneInfo) -> str:
    """`Tue 24 Nov 2026, 10:00 (Europe/Berlin)`."""
    local = instant.astimezone(zone)
    day = f"{WEEKDAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {clock_time(local)} ({zone.key.replace('_', ' ')})"


def clock_time(local: datetime) -> str:
    """`10:00`; where the clocks go back, `02:30 CEST`: which of the two it is."""
    if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
        return f"{local:%H:%M}"
    # Zones whose hours have no names of their own call them `+1030`.
    name = local.tzname() or ""
    return f"{local:%H:%M} {name if name.isalpha() else f'UTC{name}'}"


def in_minutes(count: int) -> str:
    """How long a session takes: `90 minutes`."""
    return f"{count} minute{'' if count == 1 else 's'}"


def translated(text: str, zone: ZoneInfo) -> str:
    """A sentence of the record with each RFC 3339 instant as people in this zone read it."""

    def one(found: re.Match[str]) -> str:
        try:
            return in_zone(datetime.fromisoformat(found.group()), zone)
        except (ValueError, OverflowError):
            # Somebody wrote what only looks like an instant.
            return found.group()

    return INSTANT.sub(one, text)
