"""Random histories of a standing: what must hold, and counts that no delivery order changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant
from pydantic import TypeAdapter

from domain.lateness import LateKind
from domain.policy import DEFAULT_POLICY, Policy
from domain.refusal import Refusal
from domain.standing import commands as do
from domain.standing import events as happened
from domain.standing.commands import StandingCommand
from domain.standing.deadlines import deadlines
from domain.standing.decide import begin, decide
from domain.standing.evolve import evolve_all
from domain.standing.record import StandingRecord
from domain.standing.state import Cause, ClaimStatus, Standing
from domain.standing.view import standing_json
from domain.standing.words import describe
from tests.domain.standing_moves import StandingMoves, kinds, margins
from tests.domain.standings import (
    BEGUN,
    DAY,
    SUPPORT,
    Live,
    late,
    proof,
    review,
    standing,
)

BOUNDED = settings.get_profile("domain")
STANDING = TypeAdapter(Standing)
RECORD = TypeAdapter(StandingRecord)

POLICIES = [DEFAULT_POLICY, DEFAULT_POLICY, Policy(combined=True), Policy(window=20 * DAY)]


class StandingHistory(StandingMoves):
    """One provider, and everything that bookings, they themselves and support may bring."""

    @initialize(policy=st.sampled_from(POLICIES))
    def begin(self, policy: Policy) -> None:
        self.live = Live(standing=standing(policy))

    def give(self, command: StandingCommand) -> None:
        live = self.live
        live.wait(timedelta(0))
        before = live.standing
        answer = decide(before, command, live.now)
        if not isinstance(answer, Refusal):
            live.give(command)
            assert live.standing.revision == before.revision + len(answer)
        live.wait(timedelta(0))
        if isinstance(command, do.ReportLateEvent) and command.id in before.events:
            assert live.standing == before

    def let_pass(self, span: timedelta) -> None:
        self.live.wait(span)
        self.now = self.live.now

    @property
    def on_record(self) -> Standing:
        return self.live.standing

    @invariant()
    def no_deadline_lies_in_the_past(self) -> None:
        assert all(deadline.at > self.live.now for deadline in deadlines(self.live.standing))

    @invariant()
    def the_events_rebuild_the_standing(self) -> None:
        begun = standing(self.live.standing.policy)
        assert evolve_all(begun, self.live.events) == self.live.standing

    @invariant()
    def one_incident_counts_once(self) -> None:
        recorded = Counter(
            event.event.id
            for event in self.live.events
            if isinstance(event, happened.LateEventRecorded)
        )
        assert set(recorded.values()) <= {1}
        assert set(recorded) == set(self.live.standing.events)

    @invariant()
    def what_counts_is_what_was_late_and_neither_excused_nor_settled_nor_only_claimed(self) -> None:
        now = self.live.standing
        for event in now.counting():
            assert event.margin_seconds <= 432_000
            assert not any((event.excused, event.settled, event.aged))
            claim = now.claims.get(event.id)
            assert claim is None or claim.status is ClaimStatus.UPHELD

    @invariant()
    def the_status_follows_from_what_is_on_record(self) -> None:
        now = self.live.standing
        if now.suspension is None:
            assert (now.case is not None) == bool(now.kinds_beyond())
        elif now.suspension.cause is Cause.CASE:
            assert now.case is not None
            assert now.kinds_beyond()
        assert (now.status == "good") == (not now.suspension and not now.counting())
        if now.case and now.case.due_passed and not now.suspension:
            assert now.status == "under-review"

    def teardown(self) -> None:
        """Excusing everything leaves a clean standing; and all of it can be written and read."""
        now = self.live.standing
        record = StandingRecord(number=1, standing=now, first_seq=1, events=tuple(self.live.events))
        assert RECORD.validate_json(RECORD.dump_json(record)) == record
        assert STANDING.validate_json(STANDING.dump_json(now)) == now
        assert len(standing_json(now)["events"]) == len(now.events)
        assert all(describe(event) for event in self.live.events)
        # The last of them all to be settled is excused too: nothing is left that could count later.
        unexcused = [event.id for event in now.events.values() if not event.excused]
        if unexcused:
            self.live.give(proof(*unexcused))
            self.live.give(review(f"proof-{len(now.proofs) + 1}", accept=True))
            self.live.wait(400 * DAY)
        excused = self.live.standing
        assert excused.counting() == ()
        by_support = excused.suspension and excused.suspension.cause is Cause.SUPPORT
        assert excused.status == ("suspended" if by_support else "good")


TestStandingHistory = StandingHistory.TestCase
TestStandingHistory.settings = BOUNDED


reports = st.lists(
    st.builds(
        late,
        st.sampled_from([f"e{number}" for number in range(8)]),
        kinds,
        initiated_at=st.sampled_from([BEGUN - DAY, BEGUN]),
        claimed=st.booleans(),
        margin=margins,
    ),
    unique_by=lambda command: command.id,
    max_size=8,
)
policies = st.sampled_from([DEFAULT_POLICY, Policy(combined=True), Policy(window=30 * DAY)])


def counts(now: Standing) -> tuple[object, ...]:
    """What no order of delivery may change."""
    return (
        now.status,
        [now.count(kind) for kind in LateKind],
        [event.id for event in now.counting()],
        now.case and now.case.due_at,
        set(now.events.values()),
        {claim.id: (claim.status, claim.due_at) for claim in now.claims.values()},
    )


@BOUNDED
@given(reports=reports, policy=policies, data=st.data())
def test_the_count_does_not_depend_on_the_order_or_the_number_of_deliveries(
    reports: list[do.ReportLateEvent], policy: Policy, data: st.DataObject
) -> None:
    in_order, shuffled = Live(standing=standing(policy)), Live(standing=standing(policy))
    in_order.give(*reports)
    again = data.draw(st.lists(st.sampled_from(reports), max_size=4)) if reports else []
    shuffled.give(*data.draw(st.permutations([*reports, *again])))
    assert counts(shuffled.standing) == counts(in_order.standing)
    in_order.wait(4 * DAY)
    shuffled.wait(4 * DAY)
    assert counts(shuffled.standing) == counts(in_order.standing)


@BOUNDED
@given(
    reports=reports.filter(lambda found: len(found) > 2),
    covered=st.lists(st.integers(0, 7), min_size=1, max_size=8),
    uphold=st.booleans(),
    data=st.data(),
)
def test_what_is_excused_and_upheld_counts_the_same_whenever_it_was_decided(
    reports: list[do.ReportLateEvent], covered: list[int], uphold: bool, data: st.DataObject
) -> None:
    covers = tuple({reports[number % len(reports)].id for number in covered})
    bring: list[StandingCommand] = [proof(*covers), review("proof-1", accept=True)]
    settle: list[StandingCommand] = [
        do.SettleClaim(by=SUPPORT, claim_id=found.id, uphold=uphold)
        for found in reports
        if found.claimed and found.scheduled_start - found.initiated_at <= 5 * DAY
    ]
    one, other = Live(), Live()
    one.give(*reports, *bring, *settle)
    other.give(*data.draw(st.permutations(reports)), *data.draw(st.permutations(settle)), *bring)
    assert one.standing.counting() == other.standing.counting()
    assert one.status == other.status


@BOUNDED
@given(reports=reports)
def test_reinstatement_wipes_the_slate(reports: list[do.ReportLateEvent]) -> None:
    live = Live()
    live.give(*(replace(report, claimed=False) for report in reports))
    live.give(do.Suspend(by=SUPPORT, reason="abuse"))
    live.give(do.Reinstate(by=SUPPORT, reason="amends made"))
    assert live.status == "good"
    assert len(live.standing.events) == len(reports)


def test_a_standing_begins_clean() -> None:
    begun = begin("ada", BEGUN)
    assert (begun.status, begun.revision, begun.events, deadlines(begun)) == ("good", 0, {}, [])
