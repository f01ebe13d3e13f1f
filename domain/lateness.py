"""When an act of the provider counts as late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.instants import in_words
from domain.policy import Policy


class LateKind(StrEnum):
    """The two kinds of late event, counted apart."""

    CANCELLATION = "cancellation"
    RESCHEDULE = "reschedule"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Why an act was judged late or on time: both instants, the margin between them, and the limit.

    The margin is negative once the session has started.
    """

    kind: LateKind
    scheduled_start: datetime
    initiated_at: datetime
    margin_seconds: int
    late_within_seconds: int
    late: bool


def judge(
    kind: LateKind, *, scheduled_start: datetime, initiated_at: datetime, policy: Policy
) -> Receipt:
    """Whether something the provider initiated comes too close to the session.

    Both instants are aware. The span between them is exact, whatever the clocks did in between:
    5 days are 120 hours across a daylight-saving change too. Exactly 5 days is late.
    Source: the rules of the marketplace, "within 5 days of the scheduled date".
    """
    # Aware instants of the same zone subtract by their wall clocks in Python: compare in UTC.
    margin = scheduled_start.astimezone(UTC) - initiated_at.astimezone(UTC)
    return Receipt(
        kind=kind,
        scheduled_start=scheduled_start,
        initiated_at=initiated_at,
        # Rounded up: the printed margin is over the printed limit where the exact one is.
        margin_seconds=-(-margin // timedelta(seconds=1)),
        late_within_seconds=int(policy.late_within.total_seconds()),
        late=margin <= policy.late_within,
    )


def margin_in_words(margin_seconds: int) -> str:
    """How long before (or after) the start of the session something was, in words."""
    side = "before" if margin_seconds >= 0 else "after the start of"
    return f"{in_words(timedelta(seconds=margin_seconds))} {side} the session"
