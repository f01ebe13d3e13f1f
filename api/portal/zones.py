"""Time zones, as people choose them and as times are shown in them."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

UNKNOWN_ZONE = ZoneInfo("UTC")
"""Where nobody has said where they are."""

ZONE_COOKIE = "zone"
"""Remembers a person's choice in this browser when they sign in again. It is no secret."""

_REGIONS = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)


@cache
def zones_by_region() -> dict[str, tuple[str, ...]]:
    """The zones to choose from, by region, each region sorted."""
    found: dict[str, list[str]] = {"UTC": ["UTC"]}
    for name in sorted(available_timezones()):
        region = name.partition("/")[0]
        if region in _REGIONS:
            found.setdefault(region, []).append(name)
    return {region: tuple(names) for region, names in found.items()}


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(name: str | None) -> ZoneInfo | None:
    """The zone of a name; None for what is none."""
    return ZoneInfo(name) if name in _known() else None
