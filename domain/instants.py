"""Instants: reading, printing, and deciding when a command was given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.policy import CLOCK_TOLERANCE
from domain.refusal import Code, Refusal, refuse


def rfc3339(instant: datetime) -> str:
    """An instant as text in UTC, `2026-11-24T10:00:00Z`; fractions only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def to_the_second(instant: datetime) -> str:
    """An instant as text in UTC without fractions, for people to read."""
    return rfc3339(instant.replace(microsecond=0))


def given_at(at: datetime | None, *, now: datetime, last_decision: datetime) -> datetime | Refusal:
    """The instant that a command is judged by.

    The caller's `at`, if it gives one; else now. Clocks differ, so an `at` a little ahead is taken
    as now, and one before the last decision as that decision's instant: history is not rewritten.
    """
    if at is None:
        return max(now, last_decision)
    if at > now + CLOCK_TOLERANCE:
        return refuse(
            Code.AT_IMPLAUSIBLE,
            f"The command says it was given at {rfc3339(at)}, but it is {rfc3339(now)} now.",
        )
    return max(min(at, now), last_decision)


def in_words(span: timedelta) -> str:
    """A span of time as people say it, in its two largest units: `3 days 4 hours`."""
    seconds = int(abs(span).total_seconds())
    units = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
    parts: list[str] = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts[:2]) or "0 seconds"
