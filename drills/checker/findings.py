"""What is promised, and what of it was found not to hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum


class Promise(StrEnum):
    """Everything that a drill holds the marketplace to."""

    KEPT = "acknowledged is kept"
    ONCE = "carried out once"
    SAME_STATE = "same state"
    WHOLE_ROWS = "whole rows"
    NO_GAP = "no gap"
    TOLD_IN_ORDER = "timeline tells the events"
    NO_OVERLAP = "no overlap"
    CLOSED = "closed stays closed"
    REMINDED_OF_WHAT_IS = "no stale reminder"
    LATE_COUNTS = "late counts"
    CASES = "cases"
    NOT_SUSPENDED = "nobody is suspended before their time"
    NOT_STUCK = "nothing is stuck"
    WHOLE_DECISIONS = "whole decisions"
    MAIL_OWED = "one mail is owed for each notice"
    WEBHOOK_OWED = "one webhook is owed for each event"
    ENDED = "every notice is sent or superseded"
    ARRIVED = "what is sent has arrived"
    NOT_AFTER = "nothing arrives that was superseded before it was sent"
    WEBHOOKS_STAND = "webhooks tell what has happened, whatever followed"
    NO_OTHER_DATE = "no attempt at a date begins after it was amended"
    KNOWN = "what arrived is in the ledger"
    SAME_ID = "what arrives again has the same id"
    TO_WHOM = "each mail came to whom it is for"
    SIGNED = "signatures verify"
    NONE_FAILS = "no workflow fails"


OF_NOTICES = frozenset(list(Promise)[list(Promise).index(Promise.MAIL_OWED) :])
"""What those are promised who are told by mail and by webhooks."""


@dataclass
class Findings:
    """What does not hold, by the promise that it breaks, and how much was looked at."""

    broken: dict[Promise, list[str]] = field(default_factory=lambda: defaultdict(list))
    checked: Counter[Promise] = field(default_factory=Counter)

    def hold(self, promise: Promise, *, holds: bool, otherwise: str) -> None:
        """Counts one check, and notes it if it fails."""
        self.checked[promise] += 1
        if not holds:
            self.broken[promise].append(otherwise)

    def add(self, other: Findings) -> None:
        """Takes in what was found elsewhere."""
        self.checked += other.checked
        for promise, each in other.broken.items():
            self.broken[promise] += each

    def idle(self, promises: Collection[Promise]) -> list[Promise]:
        """Which of these had nothing to look at, so that nothing is known of them."""
        return sorted(promise for promise in promises if not self.checked[promise])
