"""A person's calendar, and the private address that programs read it at."""

from __future__ import annotations

from pydantic import Field

from api.models.base import Answer, Instant


class CalendarState(Answer):
    """Whether a person's calendar has an address, which is told only once: when it is made."""

    opened_at: Instant | None
    """Since when it has had one; null if it has none."""


class CalendarAddress(Answer):
    """The private address of a calendar. Whoever knows it can read the calendar."""

    url: str = Field(examples=["https://bookings.example.org/v1/calendars/….ics"])
    """Told now and never again: only its hash is kept."""
    opened_at: Instant
