"""The record of a decision: who gave a command, when, by which rule, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.instants import rfc3339
from domain.party import Party

REFUSALS_KEPT = 50
"""A timeline keeps this many of the newest refused commands, with a count of all."""


class Subject(StrEnum):
    """Whose decisions are on record, in a timeline of its own: a booking's, or a standing's."""

    BOOKING = "booking"
    STANDING = "standing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of a timeline.

    `given_at` is when the command was given and `handled_at` when it was decided; they differ
    after an outage. `outcome` is `applied` or `refused`, `code` the refusal's. `data` holds the
    policy, the inputs, the events and, for lateness, the receipt.
    """

    seq: int
    given_at: datetime
    handled_at: datetime
    by: Party
    command: str
    outcome: str
    code: str | None
    rule: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)


def entry_json(entry: Entry) -> dict[str, Any]:
    """A line of a timeline as JSON."""
    return {
        "seq": entry.seq,
        "given_at": rfc3339(entry.given_at),
        "handled_at": rfc3339(entry.handled_at),
        "by": {"role": entry.by.role.value, "id": entry.by.id},
        "command": entry.command,
        "outcome": entry.outcome,
        "code": entry.code,
        "rule": entry.rule,
        "text": entry.text,
        "data": entry.data,
    }
