"""Whatever bookings, a provider and support may bring to a standing, in any order."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from domain.lateness import LateKind
from domain.party import Party
from domain.standing import commands as do
from domain.standing.commands import StandingCommand
from domain.standing.state import Standing
from tests.domain.standings import (
    BEGUN,
    DAY,
    OTHER_PROVIDER,
    PROVIDER,
    SUPPORT,
    late,
    proof,
    review,
)

NEWEST = timedelta(0)
ALMOST_AGED = 19 * DAY
"""Of a window of 20 days."""

kinds = st.sampled_from(LateKind)
margins = st.sampled_from([DAY, -DAY, 5 * DAY, 6 * DAY])
numbers = st.integers(0, 11)


class StandingMoves(RuleBasedStateMachine):
    """The moves of a random history. Who plays it says what they are made on and what must hold."""

    now = BEGUN

    @abstractmethod
    def give(self, command: StandingCommand) -> None:
        """A command that may be refused; what is overdue happens first and after."""

    @abstractmethod
    def let_pass(self, span: timedelta) -> None:
        """Let time pass, and happen what is due."""

    @property
    @abstractmethod
    def on_record(self) -> Standing:
        """The standing with everything that was ever brought."""

    @rule(
        number=numbers,
        kind=kinds,
        margin=margins,
        claimed=st.booleans(),
        age=st.sampled_from([NEWEST, ALMOST_AGED]),
    )
    def report(
        self, number: int, kind: LateKind, margin: timedelta, claimed: bool, age: timedelta
    ) -> None:
        at = self.now - age
        self.give(late(f"e{number}", kind, initiated_at=at, margin=margin, claimed=claimed))

    @rule(first=numbers, count=st.sampled_from([1, 4]), kind=kinds)
    def report_what_counts(self, first: int, count: int, kind: LateKind) -> None:
        for number in range(first, first + count):
            self.give(late(f"e{number}", kind, initiated_at=self.now))

    @rule(covers=st.lists(numbers, min_size=1, max_size=4), by=st.sampled_from([PROVIDER, None]))
    def bring_proof(self, covers: list[int], by: Party | None) -> None:
        known = [f"e{number}" for number in covers if f"e{number}" in self.on_record.events]
        self.give(proof(*(known or ["e0"]), by=by))

    @rule(number=st.integers(1, 6), accept=st.booleans())
    def review(self, number: int, accept: bool) -> None:
        self.give(review(f"proof-{number}", accept=accept))

    @rule(number=numbers)
    def contest(self, number: int) -> None:
        self.give(do.ContestClaim(by=PROVIDER, claim_id=f"e{number}"))

    @rule(number=numbers, uphold=st.booleans())
    def settle(self, number: int, uphold: bool) -> None:
        self.give(do.SettleClaim(by=SUPPORT, claim_id=f"e{number}", uphold=uphold))

    @rule()
    def suspend(self) -> None:
        self.give(do.Suspend(by=SUPPORT, reason="abuse"))

    @rule(by=st.sampled_from([SUPPORT, OTHER_PROVIDER]))
    def reinstate(self, by: Party) -> None:
        self.give(do.Reinstate(by=by, reason="amends made"))

    @rule(span=st.sampled_from([timedelta(hours=1), DAY, 4 * DAY, 8 * DAY]))
    def wait(self, span: timedelta) -> None:
        self.let_pass(span)
