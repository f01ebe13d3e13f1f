"""Times in the words of people: in their own zone, near enough to read, exact enough to trust."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from domain.instants import rfc3339
from notices.times import MONTHS, WEEKDAYS, clock_time

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def short(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`Tue 24 Nov, 10:00`, with the year where it is not this one."""
    local = _in(zone, instant)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    day = f"{WEEKDAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}{year}"
    return f"{day}, {clock_time(local)}"


def exact(instant: datetime, zone: ZoneInfo) -> str:
    """The instant to the second, in a zone and in UTC."""
    local = _in(zone, instant)
    there = f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()} ({zone.key})"
    return there if zone.key == "UTC" else f"{there}, {instant.astimezone(UTC):%H:%M:%S} UTC"


def relative(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`in 3 hours`, `2 days ago`, `now`; days are counted by the calendar of the zone."""
    span = abs(instant - now)
    if span < _MINUTE:
        return "now"
    if span < 90 * _MINUTE:
        told = _counted(round(span / _MINUTE), "minute")
    elif span < _DAY:
        told = _counted(round(span / _HOUR), "hour")
    else:
        days = abs(_in(zone, instant).date() - now.astimezone(zone).date())
        # Where the clocks go back, a day and more may pass until midnight.
        told = _counted(max(days.days, 1), "day")
    return f"in {told}" if instant > now else f"{told} ago"


def time_element(instant: datetime, shown: str, zone: ZoneInfo) -> Markup:
    """A `<time>` for machines and for whoever points at it."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        rfc3339(instant), exact(instant, zone), shown
    )


def as_instant(value: datetime | str) -> datetime:
    """An instant, also where a document holds it as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _in(zone: ZoneInfo, instant: datetime) -> datetime:
    try:
        return instant.astimezone(zone)
    except OverflowError:
        # Somebody gave the first or the last day that there is, and this zone does not have it.
        return instant.astimezone(UTC)


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"
