"""What a standing folds changes no decision, and keeps it small."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant
from pydantic import TypeAdapter

from domain.lateness import LateKind
from domain.policy import DEFAULT_POLICY, MAX_TEXT, Policy
from domain.standing import commands as do
from domain.standing.commands import StandingCommand
from domain.standing.decide import CLAIMS_WAITING
from domain.standing.fold import CARRIED, COVERED, missed
from domain.standing.record import StandingRecord
from domain.standing.state import Document, Proof, ProofStatus, Standing
from domain.standing.view import standing_json
from tests.domain.standing_moves import StandingMoves
from tests.domain.standings import (
    BEGUN,
    CANCELLATION,
    DAY,
    PROVIDER,
    RESCHEDULE,
    SUPPORT,
    Folding,
    Live,
    late,
    proof,
    review,
    standing,
)

RECORD = TypeAdapter(StandingRecord)
MOST_BYTES = 1_200_000
"""Temporal takes 2 MB, and a new history begins with the newest lines and answers besides."""

POLICIES = [
    DEFAULT_POLICY,
    Policy(combined=True),
    Policy(window=20 * DAY),
    Policy(window=20 * DAY, allowed=5, combined=True),
]


class FoldedHistory(StandingMoves):
    """The same life twice: carrying everything, and carrying two late events."""

    @initialize(policy=st.sampled_from(POLICIES), carried=st.sampled_from([0, 1, 2]))
    def begin(self, policy: Policy, carried: int) -> None:
        self.both = Folding(whole=standing(policy), carried=carried)

    def give(self, command: StandingCommand) -> None:
        self.both.wait(self.now)
        self.both.give(command, self.now)
        self.both.wait(self.now)

    def let_pass(self, span: timedelta) -> None:
        self.now += span
        self.both.wait(self.now)

    @property
    def on_record(self) -> Standing:
        return self.both.whole

    @invariant()
    def both_stand_alike(self) -> None:
        whole, folded = self.both.whole, self.both.folded
        assert folded.status == whole.status
        for kind in LateKind:
            assert folded.count_of(kind) == whole.count_of(kind)
        assert len(folded.events) + folded.folded.events == len(whole.events)
        one, other = standing_json(whole), standing_json(folded)
        for same in ("late_cancellations", "late_reschedules", "events_in_all", "proofs"):
            assert one[same] == other[same]

    @invariant()
    def no_more_is_carried_than_has_to_be(self) -> None:
        folded = self.both.folded
        waits = {claim.id for claim in folded.claims.values() if claim.is_undecided}
        covered = {event_id for proof in folded.proofs.values() for event_id in proof.covers}
        carried = folded.events.keys() - waits - covered
        assert len(carried) <= self.both.carried + len(LateKind) * 2
        assert set(folded.claims) <= set(folded.events)


TestFoldedHistory = FoldedHistory.TestCase
TestFoldedHistory.settings = settings(settings.get_profile("domain"), max_examples=120)


def with_many(count: int, kind: LateKind = CANCELLATION, *, policy: Policy | None = None) -> Live:
    live = Live(standing=standing(policy or DEFAULT_POLICY))
    for number in range(count):
        live.now = BEGUN + timedelta(seconds=number)
        live.give(late(f"e{number}", kind, initiated_at=live.now))
    return live


def test_the_newest_are_carried_and_all_are_counted() -> None:
    live = with_many(CARRIED + 30)
    now = live.standing
    assert list(now.events) == [f"e{number}" for number in range(30, CARRIED + 30)]
    assert now.count(CANCELLATION) == CARRIED + 30
    shown = standing_json(now)
    assert shown["late_cancellations"] == shown["events_in_all"] == CARRIED + 30
    assert shown["case"]["reasons"][-1] == "30 more that are on record."


def test_what_counts_is_carried_before_what_does_not() -> None:
    live = Live()
    live.give(late("early", margin=9 * DAY), late("r1", RESCHEDULE))
    for number in range(CARRIED):
        live.give(late(f"early{number}", margin=9 * DAY))
    assert "r1" in live.standing.events
    assert "early" not in live.standing.events
    assert live.standing.folded.counting == {}


def test_what_a_waiting_proof_covers_is_carried() -> None:
    live = Live()
    live.give(late("e0"), late("e1"), late("e2"), proof("e0"))
    for number in range(3, CARRIED + 10):
        live.give(late(f"e{number}"))
    assert "e0" in live.standing.events
    assert live.status == "under-review"
    live.wait(30 * DAY)
    assert live.status == "under-review"


def test_a_command_misses_what_it_names_and_nothing_else() -> None:
    few, many = Live(), with_many(CARRIED + 1)
    few.give(late("e1"))
    assert missed(few.standing, late("e2")) is None
    assert missed(many.standing, late("e5")) is None
    assert missed(many.standing, do.Suspend(reason="abuse")) is None
    for command in (
        late("e0"),
        proof("e0", "e5"),
        do.ContestClaim(claim_id="e0"),
        do.SettleClaim(claim_id="e0", uphold=True),
    ):
        wanted = missed(many.standing, command)
        assert wanted is not None
        assert wanted.ids == ("e0",)


def test_the_review_of_a_proof_misses_what_it_covers() -> None:
    live = with_many(CARRIED + COVERED)
    waits = replace(
        live.standing,
        proofs={
            f"proof-{number}": Proof(
                id=f"proof-{number}",
                covers=tuple(f"e{number * 100 + each}" for each in range(100)),
                statement="Ill.",
                documents=(),
                submitted_at=BEGUN,
            )
            for number in range(3)
        },
    )
    wanted = missed(waits, review("proof-0", accept=True))
    assert wanted is not None
    assert wanted.ids == waits.proofs["proof-0"].covers
    # Nobody is suspended over it meanwhile.
    assert waits.status == "under-review"


def test_reinstatement_settles_also_what_is_not_carried() -> None:
    live = with_many(CARRIED + 20)
    live.give(do.Suspend(by=SUPPORT, reason="abuse"))
    live.give(do.Reinstate(by=SUPPORT, reason="amends made"))
    assert live.status == "good"
    assert live.standing.count(CANCELLATION) == 0
    assert live.give(late("anew")) == ("late-event.recorded", "standing.warned")


def test_of_many_claims_that_wait_a_further_one_is_dismissed() -> None:
    live = Live()
    for number in range(CLAIMS_WAITING):
        live.give(late(f"c{number}", claimed=True))
        live.now = BEGUN
    too_many = ("claim.opened", "late-event.recorded", "claim.dismissed")
    assert live.give(late("one-more", claimed=True)) == too_many
    live.give(do.SettleClaim(by=SUPPORT, claim_id="c0", uphold=True))
    assert live.give(late("another", claimed=True)) == ("claim.opened", "late-event.recorded")


def _long(character: str) -> str:
    return character * MAX_TEXT


def _as_large_as_can_be() -> Standing:
    """Everything that people may bring, in a script whose letters take three bytes each."""
    live = with_many(3 * CARRIED)
    for number in range(CLAIMS_WAITING):
        live.give(late(f"{'c' * 35}-{number}", claimed=True))
        live.give(do.ContestClaim(by=PROVIDER, claim_id=f"{'c' * 35}-{number}", note=_long("字")))
    documents = tuple(
        Document(name="字" * 200, url=f"https://{'x' * 980}.example") for _ in range(10)
    )
    covers = tuple(live.standing.events)[:100]
    brought = do.SubmitProof(by=PROVIDER, covers=covers, statement=_long("字"), documents=documents)
    for _ in range(100):
        live.give(brought)
    live.give(*(review(each, accept=False, note=_long("字")) for each in live.standing.proofs))
    return live.standing


def test_whatever_is_brought_a_standing_stays_small_enough_to_travel() -> None:
    now = _as_large_as_can_be()
    assert len(now.events) <= CARRIED + CLAIMS_WAITING
    record = StandingRecord(number=1, standing=now, first_seq=1)
    assert len(RECORD.dump_json(record)) < MOST_BYTES


def test_ten_thousand_late_events_weigh_no_more_than_fifty() -> None:
    one = Live()
    one.give(late("e0"))
    event = one.standing.events["e0"]
    many = {f"e{number}": replace(event, id=f"e{number}") for number in range(10_000)}
    # As one that was recorded before there was folding: its next decision folds it.
    live = Live(standing=replace(one.standing, events=many))
    live.give(late("one-more"))
    assert live.standing.count(CANCELLATION) == 10_001
    record = StandingRecord(number=1, standing=live.standing, first_seq=1)
    assert len(RECORD.dump_json(record)) < CARRIED * 1_000


def test_what_was_reviewed_is_forgotten_before_what_waits() -> None:
    live = Live()
    live.give(late("e1"), proof("e1"), proof("e1"))
    live.give(review("proof-2", accept=False))
    for _ in range(60):
        live.give(proof("e1"))
    kept = live.standing.proofs
    assert "proof-2" not in kept
    assert all(each.status is ProofStatus.SUBMITTED for each in kept.values())
    assert list(kept)[-1] == "proof-62"


def test_under_a_window_what_ages_first_is_carried() -> None:
    live = with_many(CARRIED + 5, policy=Policy(window=20 * DAY, allowed=1000))
    assert "e0" in live.standing.events
    assert live.standing.folded.counting == {CANCELLATION: 5}
    since: datetime = live.standing.folded.since[CANCELLATION]
    assert since == BEGUN + timedelta(seconds=CARRIED)
