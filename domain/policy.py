"""The numbers of the marketplace's rules, all in one value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

HORIZON = timedelta(days=731)
"""No time further ahead than this (two years) is taken seriously: it is malformed."""

CLOCK_TOLERANCE = timedelta(minutes=15)
"""How far two clocks that are both right may differ.

A caller's `at` so far ahead of ours is taken as now, and one that is only so much earlier than that
of another command does not put it before the other.
"""

MAX_TEXT = 4000
"""The longest text, in characters, that any field takes."""

MAX_STARTS = 5
"""The most preferred times of a request, and the most times in a proposal."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What was promised to both sides when a booking was made.

    A booking carries the policy it was made under, so a later change of these numbers never
    touches it. Lengths are exact spans of time (5 days are 120 hours), not calendar days.
    """

    name: str = "standard-1"
    """Which edition of the rules this is, as shown in the timeline."""

    late_within: timedelta = timedelta(days=5)
    """An act by the provider this close to the scheduled start, or closer, is late."""

    allowed: int = 2
    """How many late events of a kind are met with a warning; the next one opens a case."""

    combined: bool = False
    """Whether cancellations and reschedules are counted together instead of apart."""

    window: timedelta | None = None
    """How long a late event counts after it was initiated; `None`: for ever."""

    proof_within: timedelta = timedelta(days=7)
    """How long a provider has, from the opening of a case, to provide proof."""

    contest_within: timedelta = timedelta(hours=72)
    """How long a provider has to contest a client's claim before it counts."""

    answer_within: timedelta = timedelta(hours=72)
    """How long a request waits for the provider's answer before it expires."""

    last_call_before_expiry: timedelta = timedelta(hours=12)
    """The second reminder of an unanswered request comes this long before it expires."""

    proposal_lapses_after: timedelta = timedelta(days=7)
    """How long a proposal of new times waits for the client's answer."""

    late_window_notice: timedelta = timedelta(days=1)
    """The provider is told this long before the late window opens."""

    reminders_before_start: tuple[timedelta, ...] = (timedelta(hours=24), timedelta(hours=1))
    """Both sides are reminded this long before the session starts."""

    # A minute: of 2,000 sessions that begin together, over half of that, 67 reminders fall due each
    # second, which keeps two cores busy: what is late then makes the next one late.
    reminder_spread: timedelta = timedelta(seconds=60)
    """Reminders are spread over this span, so that thousands due at once do not queue."""


DEFAULT_POLICY = Policy()
