"""Who acts: the roles of the marketplace and the people and services in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """In whose name somebody acts."""

    PROVIDER = "provider"
    CLIENT = "client"
    SUPPORT = "support"
    SERVICE = "service"
    CLOCK = "clock"
    """A deadline that passed. Nobody can act as the clock; it only appears in the record."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """One person, member of staff, or service of the marketplace, by role and id."""

    role: Role
    id: str

    def __str__(self) -> str:
        return f"{self.role} {self.id}"


_SPOKEN_OF = {
    Role.PROVIDER: "the provider",
    Role.CLIENT: "the client",
    Role.SUPPORT: "support",
    Role.SERVICE: "a service",
    Role.CLOCK: "the clock",
}


def only_for(*roles: Role, not_for: Role | None = None) -> str:
    """Who alone can do something, as a sentence: `Only support can do this, not the client.`"""
    *others, last = (_SPOKEN_OF[role] for role in roles)
    who = f"{', '.join(others)} or {last}" if others else last
    but = f", not {_SPOKEN_OF[not_for]}" if not_for else ""
    return f"Only {who} can do this{but}."


THE_CLOCK = Party(role=Role.CLOCK, id="clock")
SUPPORT_DESK = Party(role=Role.SUPPORT, id="support")
"""All of support, where it is told something."""

UNNAMED_SERVICE = Party(role=Role.SERVICE, id="signal")
"""Who carried out a signal that does not say."""

A_BOOKING = Party(role=Role.SERVICE, id="booking")
"""A booking itself, where it reports to its provider's standing."""

ID_PATTERN = r"[A-Za-z0-9._-]{1,64}"
"""The form of ids, of people as of bookings: 1 to 64 letters, digits, `-`, `_` and `.`.

`A` is not `a` in them, not even in what looks like a UUID: those of people are the marketplace's,
and Temporal, where a booking may be begun under any id of this form, tells the two apart.
"""

_ID = re.compile(ID_PATTERN, re.ASCII)


def is_id(text: str) -> bool:
    """Whether a text can be an id."""
    return _ID.fullmatch(text) is not None
