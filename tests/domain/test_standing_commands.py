"""Every command of a standing x role, and every code that it is refused with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.party import A_BOOKING, THE_CLOCK, Party
from domain.policy import DEFAULT_POLICY, Policy
from domain.refusal import Code, Refusal
from domain.standing import commands as do
from domain.standing import events as happened
from domain.standing.commands import COMMANDS as COMMAND_TYPES
from domain.standing.commands import StandingCommand
from domain.standing.deadlines import DeadlineKind
from domain.standing.decide import decide, rule_behind
from tests.domain.standings import (
    CANCELLATION,
    CLIENT,
    DAY,
    OTHER_PROVIDER,
    PROVIDER,
    SERVICE,
    SUPPORT,
    Live,
    late,
    proof,
    review,
    suspended,
    with_case,
)

GIVERS: dict[str, Party | None] = {
    "provider": PROVIDER,
    "stranger": OTHER_PROVIDER,
    "client": CLIENT,
    "support": SUPPORT,
    "service": SERVICE,
    "left-out": None,
    "clock": THE_CLOCK,
}

# `+` is legal, `-` is `not-allowed`.
MATRIX = """
command        provider  stranger  client  support  service  left-out  clock
late-event     -         -         -       -        +        +         -
submit-proof   +         -         -       -        +        +         -
review-proof   -         -         -       +        +        +         -
contest-claim  +         -         -       -        +        +         -
settle-claim   -         -         -       +        +        +         -
suspend        -         -         -       +        +        +         -
reinstate      -         -         -       +        +        +         -
"""

COMMANDS: dict[str, StandingCommand] = {
    "late-event": late("e9"),
    "submit-proof": proof("e1"),
    "review-proof": review("proof-1", accept=True),
    "contest-claim": do.ContestClaim(claim_id="c1"),
    "settle-claim": do.SettleClaim(claim_id="c1", uphold=True),
    "suspend": do.Suspend(reason="abuse"),
    "reinstate": do.Reinstate(reason="amends made"),
}


def everything_at_hand(command: str) -> Live:
    """A standing in which every command could be legal (`reinstate`: one that is suspended)."""
    live = suspended() if command == "reinstate" else with_case()
    live.give(late("c1", claimed=True), proof("e2"))
    return live


def _cells() -> dict[tuple[str, str], str]:
    header, *rows = (line.split() for line in MATRIX.strip().splitlines())
    return {
        (row[0], giver): cell
        for row in rows
        for giver, cell in zip(header[1:], row[1:], strict=True)
    }


CELLS = _cells()


def test_the_matrix_has_a_cell_for_every_command_and_role() -> None:
    assert set(CELLS) == {(command, giver) for command in COMMAND_TYPES for giver in GIVERS}
    assert set(COMMANDS) == set(COMMAND_TYPES)


@pytest.mark.parametrize(("command", "giver"), CELLS, ids=["/".join(cell) for cell in CELLS])
def test_every_cell(command: str, giver: str) -> None:
    live = everything_at_hand(command)
    given = replace(COMMANDS[command], by=GIVERS[giver])
    answer = decide(live.standing, given, live.now)
    if CELLS[command, giver] == "+":
        assert isinstance(answer, tuple)
        assert answer
    else:
        assert isinstance(answer, Refusal)
        assert answer.code == "not-allowed"


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_may_come_from_the_future(command: str) -> None:
    live = everything_at_hand(command)
    by = next(giver for giver in GIVERS if CELLS[command, giver] == "+")
    bearable = live.now + timedelta(minutes=15)
    ahead = replace(COMMANDS[command], by=GIVERS[by], at=bearable + timedelta(microseconds=1))
    assert live.refused(ahead) == "at-implausible"
    live.give(replace(ahead, at=bearable))
    assert live.standing.decided_at == live.now


def test_a_command_given_before_the_last_decision_happens_with_it() -> None:
    live = with_case()
    decided = live.standing.decided_at
    live.now += DAY
    live.give(replace(proof("e1"), at=decided - DAY))
    assert live.standing.proofs["proof-1"].submitted_at == decided


@pytest.mark.parametrize(
    ("covers", "code"),
    [
        (("e7",), "unknown-event"),
        (("e1", "e7"), "unknown-event"),
        (("e3",), "already-excused"),
        (("e1", "e3"), "already-excused"),
    ],
)
def test_proof_covers_events_that_are_on_record_and_not_excused(
    covers: tuple[str, ...], code: str
) -> None:
    live = with_case(proof("e3"), review("proof-1", accept=True))
    assert live.refused(proof(*covers)) == code


def test_proof_is_reviewed_once() -> None:
    live = with_case(proof("e1"), proof("e2"))
    assert live.refused(review("proof-3", accept=True)) == "unknown-proof"
    live.give(review("proof-1", accept=True), review("proof-2", accept=False))
    for proof_id in ("proof-1", "proof-2"):
        for accept in (True, False):
            assert live.refused(review(proof_id, accept=accept)) == "already-reviewed"


CONTEST = do.ContestClaim(by=PROVIDER, claim_id="c1")
UPHOLD = do.SettleClaim(by=SUPPORT, claim_id="c1", uphold=True)
DISMISS = replace(UPHOLD, uphold=False)


@pytest.mark.parametrize("command", [CONTEST, UPHOLD, DISMISS])
@pytest.mark.parametrize("settlement", [UPHOLD, DISMISS, None], ids=["upheld", "not", "in-time"])
def test_a_claim_is_settled_once(
    command: StandingCommand, settlement: StandingCommand | None
) -> None:
    live = Live()
    assert live.refused(command) == "unknown-claim"
    live.give(late("c1", claimed=True))
    if settlement:
        live.give(settlement)
    else:
        live.wait(3 * DAY)
    assert live.refused(command) == "claim-settled"


def test_a_claim_is_contested_once_and_support_settles_it() -> None:
    live = Live()
    live.give(late("c1", claimed=True), CONTEST)
    assert live.refused(replace(CONTEST, note="I mean it.")) == "claim-settled"
    assert live.last(happened.ClaimContested).booking_id == "booking-of-c1"
    live.give(DISMISS)


def test_a_late_event_that_is_no_claim_cannot_be_contested() -> None:
    live = Live()
    live.give(late("e1"))
    assert live.refused(replace(CONTEST, claim_id="e1")) == "unknown-claim"


@pytest.mark.parametrize("live", [Live(), with_case()], ids=["good", "case"])
def test_only_a_suspension_can_be_lifted(live: Live) -> None:
    assert live.refused(do.Reinstate(by=SUPPORT, reason="")) == "not-suspended"


def test_topics_are_suspended_once() -> None:
    again = do.Suspend(by=SUPPORT, reason="")
    assert suspended().refused(again) == "already-suspended"
    live = Live()
    live.give(again)
    assert live.refused(again) == "already-suspended"


def test_every_command_and_deadline_has_a_rule() -> None:
    for name in (*COMMAND_TYPES, *DeadlineKind):
        assert rule_behind(name, DEFAULT_POLICY).endswith(".")


def test_a_rule_has_the_numbers_of_the_policy() -> None:
    policy = Policy(contest_within=2 * DAY, proof_within=timedelta(hours=36))
    for name, told in {
        "contest-claim": "A provider may contest a client's claim within 2 days.",
        DeadlineKind.UPHOLD_CLAIM: "A claim that is not contested within 2 days counts.",
        DeadlineKind.END_PROOF_WINDOW: (
            "With no proof within 1 day 12 hours, the topics are suspended."
        ),
    }.items():
        assert rule_behind(name, policy) == told


@pytest.mark.parametrize(
    ("command", "by", "told"),
    [
        (do.Suspend(reason="abuse"), CLIENT, "Only support can do this, not the client."),
        (proof("e1"), SUPPORT, "Only the provider can do this, not support."),
        (late("e1"), PROVIDER, "Only a service can do this, not the provider."),
    ],
)
def test_who_alone_can_do_it_is_said(command: StandingCommand, by: Party, told: str) -> None:
    answer = decide(with_case().standing, replace(command, by=by), with_case().now)
    assert answer == Refusal(code=Code.NOT_ALLOWED, message=told)


def test_nothing_late_was_initiated_in_the_future_but_clocks_may_differ() -> None:
    live = Live()
    bearable = late("e1", initiated_at=live.now + timedelta(minutes=15))
    beyond = late("e1", initiated_at=bearable.initiated_at + timedelta(microseconds=1))
    assert live.refused(beyond) == "at-implausible"
    live.give(bearable)
    assert live.standing.events["e1"].initiated_at == live.now


def test_what_a_booking_has_judged_late_is_late_whatever_its_clock_says() -> None:
    live = Live()
    ahead = live.now + timedelta(days=17)
    live.give(replace(late("e1", initiated_at=ahead), by=A_BOOKING))
    assert live.standing.events["e1"].initiated_at == ahead
    assert live.standing.events["e1"].late
    live.give(replace(late("e2", initiated_at=live.now + timedelta(seconds=1)), by=A_BOOKING))
    assert live.standing.events["e2"].margin_seconds == DAY.total_seconds()
    assert live.standing.count(CANCELLATION) == 2
