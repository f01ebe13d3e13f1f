"""Starts of a session as two people read them: each in their own time zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from api.portal import times
from api.portal.told import shown
from api.portal.zones import UNKNOWN_ZONE
from domain.instants import rfc3339


@dataclass(frozen=True, kw_only=True)
class Start:
    """A start: as a form sends it, as the viewer reads it, and as the other one does.

    `there` is None where both are in one zone.
    """

    value: str
    here: Markup
    there: Markup | None
    passed: bool


def in_both_zones(
    instants: Iterable[datetime], *, here: ZoneInfo, there: ZoneInfo | None, now: datetime
) -> list[Start]:
    """Starts in the viewer's zone, and in the other one's; in UTC where nobody knows that."""
    other = there or UNKNOWN_ZONE
    return [
        Start(
            value=rfc3339(instant),
            here=shown(instant, here, now),
            there=None if other.key == here.key else _there(instant, other, now),
            passed=instant <= now,
        )
        for instant in instants
    ]


def _there(instant: datetime, zone: ZoneInfo, now: datetime) -> Markup:
    words = f"{times.short(instant, zone, now)} in {zone.key.replace('_', ' ')}"
    return times.time_element(instant, words, zone)
