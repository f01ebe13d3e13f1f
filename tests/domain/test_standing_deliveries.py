"""However reports are delivered (twice, late, in another order), the standing ends the same.

Each booking is a workflow of its own, and reports in its own time: a worker was down, a signal was
sent again. What the provider did is the same, and so must be what it leads to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.lateness import LateKind
from domain.policy import DEFAULT_POLICY, Policy
from domain.standing import commands as do
from tests.domain.standings import BEGUN, DAY, Live, late, standing

BOUNDED = settings.get_profile("domain")
IN_THE_END = BEGUN + 20 * DAY


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A report that arrives at some time."""

    report: do.ReportLateEvent
    arrives: datetime


reports = st.lists(
    st.builds(
        late,
        st.sampled_from([f"e{number}" for number in range(9)]),
        st.sampled_from(LateKind),
        initiated_at=st.sampled_from([BEGUN - DAY, BEGUN - timedelta(hours=1), BEGUN]),
        claimed=st.booleans(),
        margin=st.sampled_from([DAY, -DAY, 5 * DAY, 6 * DAY]),
    ),
    unique_by=lambda report: report.id,
    max_size=9,
)
# Less than a claim may be contested for, or a case is open.
delays = st.integers(0, 48).map(lambda hours: timedelta(hours=hours))
policies = st.sampled_from(
    [
        DEFAULT_POLICY,
        Policy(combined=True),
        Policy(window=30 * DAY),
        Policy(window=30 * DAY, combined=True, allowed=4),
    ]
)


@st.composite
def deliveries(draw: st.DrawFn, reported: list[do.ReportLateEvent]) -> list[Delivery]:
    """Each report once at least, some again, all in any order and at any time."""
    again = draw(st.lists(st.sampled_from(reported), max_size=6)) if reported else []
    found = [
        Delivery(report=report, arrives=BEGUN + draw(delays)) for report in (*reported, *again)
    ]
    in_any_order = draw(st.permutations(found))
    return sorted(in_any_order, key=lambda delivery: delivery.arrives)


def in_the_end(delivered: list[Delivery], policy: Policy) -> object:
    """Where a provider stands once everything has arrived, and every time-limit has passed."""
    live = Live(standing=standing(policy))
    for delivery in delivered:
        live.wait(delivery.arrives - live.now)
        live.give(delivery.report)
    live.wait(IN_THE_END - live.now)
    now = live.standing
    return (
        now.status,
        {kind: now.count_of(kind) for kind in LateKind},
        now.suspension and now.suspension.cause,
        now.policy,
        len(now.events) + now.folded.events,
        [event.id for event in now.counting()],
        set(now.events.values()),
        {claim.id: claim.status for claim in now.claims.values()},
    )


@BOUNDED
@given(reported=reports, policy=policies, data=st.data())
def test_any_deliveries_of_the_same_reports_end_in_the_same_standing(
    reported: list[do.ReportLateEvent], policy: Policy, data: st.DataObject
) -> None:
    one_by_one = [Delivery(report=report, arrives=BEGUN) for report in reported]
    delivered = data.draw(deliveries(reported))
    assert in_the_end(delivered, policy) == in_the_end(one_by_one, policy)
