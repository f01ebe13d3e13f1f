"""What a notice is about, and how its sentences name that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.instants import rfc3339
from domain.party import Role
from domain.standing.events import StandingEvent


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where webhooks went to, and why they no longer do. `id` is None once it is deleted."""

    url: str
    reason: str
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class About:
    """What a notice is about: who is told, whom they deal with, and what happened.

    `provider` and `client` are what the two are called. `start` is the session that it speaks of,
    if it speaks of one. `event` is None where the record holds none of its own for this notice,
    such as one about an `endpoint`.
    """

    kind: str
    to: Role
    provider: str
    client: str = ""
    booking: Booking | None = None
    start: datetime | None = None
    event: BookingEvent | StandingEvent | None = None
    endpoint: Endpoint | None = None

    @property
    def topic(self) -> str:
        """What the session is on."""
        return (self.booking.title if self.booking else "") or "a session"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is said, for whoever shows it to translate.

    Instants stand in it as RFC 3339 text in UTC, and `bookings_named` by their ids.
    """

    title: str
    text: str


def session_of(about: About, *, dated: bool = True) -> str:
    """`session on Chess of 2026-11-24T10:00:00Z`."""
    title = about.booking.title if about.booking else ""
    on = f" on {title}" if title else ""
    of = f" of {rfc3339(about.start)}" if about.start and dated else ""
    return f"session{on}{of}"


def because(reason: str) -> str:
    """What somebody wrote, in a sentence of its own."""
    return f" The reason given: {reason.strip()}{full_stop(reason)}" if reason.strip() else ""


def full_stop(text: str) -> str:
    """What a sentence still needs to end."""
    return "" if text.rstrip().endswith((".", "!", "?")) else "."


def humanly(kind: str) -> str:
    """The name of a kind, where nobody has words for it: `Booking confirmed`."""
    return kind.replace(".", " ").replace("-", " ").capitalize()
