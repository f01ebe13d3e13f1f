"""A client's word against the provider: opened, contested, settled, or left to stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.standing import commands as do
from domain.standing import events as happened
from domain.standing.state import ClaimStatus
from domain.standing.words import describe
from tests.domain.standings import (
    BEGUN,
    DAY,
    PROVIDER,
    SUPPORT,
    Live,
    late,
    proof,
    review,
    with_case,
)

CLAIMED = late("c1", claimed=True)
CONTEST = do.ContestClaim(by=PROVIDER, claim_id="c1", note="I never did.")
UPHOLD = do.SettleClaim(by=SUPPORT, claim_id="c1", uphold=True, note="There is a mail.")
DISMISS = do.SettleClaim(by=SUPPORT, claim_id="c1", uphold=False, note="There is none.")
HOUR = timedelta(hours=1)


def claim(live: Live) -> str:
    return live.standing.claims["c1"].status


def test_a_claim_is_shown_and_does_not_count() -> None:
    live = Live()
    assert live.give(CLAIMED) == ("claim.opened", "late-event.recorded")
    assert claim(live) == "open"
    assert live.standing.claims["c1"].due_at == BEGUN + 72 * HOUR
    assert live.status == "good"


def test_a_claim_that_nobody_contests_counts_after_72_hours() -> None:
    live = Live()
    live.give(CLAIMED)
    assert live.wait(72 * HOUR - timedelta(microseconds=1)) == ()
    assert live.wait(timedelta(microseconds=1)) == ("claim.upheld", "standing.warned")
    assert live.last(happened.ClaimUpheld).uncontested
    assert live.status == "warned"


def test_a_claim_that_is_heard_of_late_can_be_contested_for_72_hours_all_the_same() -> None:
    live = Live(now=BEGUN + 9 * DAY)
    live.give(replace(CLAIMED, at=BEGUN))
    assert live.wait(72 * HOUR - timedelta(microseconds=1)) == ()
    assert live.give(CONTEST) == ("claim.contested",)


def test_a_contested_claim_waits_for_support() -> None:
    live = Live()
    live.give(CLAIMED)
    live.wait(71 * HOUR)
    assert live.give(CONTEST) == ("claim.contested",)
    assert live.wait(100 * DAY) == ()
    assert claim(live) == "contested"
    assert live.status == "good"


def test_support_upholds_or_dismisses_contested_or_not() -> None:
    for before in ((CLAIMED,), (CLAIMED, CONTEST)):
        live = Live()
        live.give(*before)
        assert live.give(UPHOLD) == ("claim.upheld", "standing.warned")
        assert (claim(live), live.status) == ("upheld", "warned")
        assert not live.last(happened.ClaimUpheld).uncontested
        live = Live()
        live.give(*before)
        assert live.give(DISMISS) == ("claim.dismissed",)
        assert (claim(live), live.status) == ("dismissed", "good")
        assert live.wait(100 * DAY) == ()


def test_an_upheld_claim_is_the_third() -> None:
    live = Live()
    live.give(late("e1"), late("e2"), CLAIMED)
    assert live.give(UPHOLD) == ("claim.upheld", "case.opened")
    assert live.standing.case is not None
    assert len(live.standing.case.reasons) == 4


def test_an_uncontested_claim_opens_the_case_when_its_time_is_up() -> None:
    live = Live()
    live.give(late("e1"), late("e2"), CLAIMED)
    assert live.wait(4 * DAY) == ("claim.upheld", "case.opened")
    assert live.standing.case is not None
    assert live.standing.case.opened_at == BEGUN + 72 * HOUR


def test_a_claim_joins_a_case_once_it_is_upheld() -> None:
    live = with_case(CLAIMED)
    live.give(proof("e1"), review("proof-1", accept=True))
    assert live.status == "warned"
    assert live.give(UPHOLD) == ("claim.upheld", "case.opened")


def test_a_claim_of_what_was_not_late_is_no_claim() -> None:
    live = Live()
    early = late("c1", claimed=True, margin=6 * DAY)
    assert live.give(early) == ("late-event.recorded",)
    assert live.standing.claims == {}


def test_a_claim_can_be_excused_before_it_is_settled() -> None:
    live = Live()
    live.give(CLAIMED, proof("c1"), review("proof-1", accept=True))
    assert live.wait(4 * DAY) == ("claim.upheld",)
    assert live.status == "good"
    assert describe(live.last(happened.ClaimUpheld)) == (
        "Nobody contested the claim in time: it is on record, and does not count."
    )


@pytest.mark.parametrize("excused", [False, True])
def test_whoever_upholds_a_claim_says_whether_it_counts(excused: bool) -> None:
    live = Live()
    live.give(CLAIMED, proof("c1"), review("proof-1", accept=excused), UPHOLD)
    assert live.last(happened.ClaimUpheld).counts is not excused
    assert live.status == ("good" if excused else "warned")


def test_a_claim_delivered_twice_is_opened_once() -> None:
    live = Live()
    live.give(CLAIMED)
    live.wait(HOUR)
    assert live.give(CLAIMED) == ()
    assert live.standing.claims["c1"].due_at == BEGUN + 72 * HOUR
    live.give(DISMISS)
    assert live.give(CLAIMED) == ()
    assert live.standing.claims["c1"].status is ClaimStatus.DISMISSED


def test_reinstatement_settles_no_claim_that_is_still_open() -> None:
    live = with_case(CLAIMED, do.Suspend(by=SUPPORT, reason="now"))
    live.give(do.Reinstate(by=SUPPORT, reason="amends made"))
    assert live.status == "good"
    assert live.wait(4 * DAY) == ("claim.upheld", "standing.warned")
