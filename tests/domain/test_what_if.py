"""A standing that is replayed by its own rules is the same; by others, one can say what changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.booking.events import LateEventReported
from domain.lateness import LateKind
from domain.policy import DEFAULT_POLICY, Policy
from domain.refusal import Refusal
from domain.standing import commands as do
from domain.standing.commands import StandingCommand
from domain.standing.decide import decide
from domain.standing.state import Status
from domain.standing.what_if import Replayed, Tally, compared, given_under_draft, replay
from tests.domain.standings import (
    BEGUN,
    DAY,
    PROVIDER,
    SUPPORT,
    Live,
    late,
    proof,
    review,
    standing,
)

policies = st.sampled_from(
    [
        DEFAULT_POLICY,
        Policy(combined=True),
        Policy(allowed=0),
        Policy(window=20 * DAY),
        Policy(proof_within=DAY, contest_within=DAY),
    ]
)
numbers = st.integers(0, 6)
commands: st.SearchStrategy[StandingCommand] = st.one_of(
    st.builds(
        lambda number, kind, claimed: late(f"e{number}", kind, claimed=claimed),
        numbers,
        st.sampled_from(LateKind),
        st.sampled_from([False, False, True]),
    ),
    st.builds(lambda number: proof(f"e{number}"), numbers),
    st.builds(
        lambda number, accept: do.ReviewProof(
            by=SUPPORT, proof_id=f"proof-{number}", accept=accept
        ),
        st.integers(1, 3),
        st.booleans(),
    ),
    st.builds(
        lambda number, uphold: do.SettleClaim(by=SUPPORT, claim_id=f"e{number}", uphold=uphold),
        numbers,
        st.booleans(),
    ),
    st.builds(lambda number: do.ContestClaim(by=PROVIDER, claim_id=f"e{number}"), numbers),
    st.just(do.Suspend(by=SUPPORT, reason="Fraud.")),
    st.just(do.Reinstate(by=SUPPORT, reason="Enough.")),
)
steps = st.lists(st.tuples(commands, st.sampled_from([0, 5, 30, 100])), max_size=20)


def _lived(
    policy: Policy, steps: list[tuple[StandingCommand, int]]
) -> tuple[Live, list[StandingCommand]]:
    """A standing under a policy, and the commands that were carried out, each with its instant."""
    live, carried_out = Live(standing=standing(policy)), []
    for command, hours in steps:
        live.wait(timedelta(hours=hours))
        answer = decide(live.standing, command, live.now)
        if isinstance(answer, Refusal) or not answer:
            continue
        live.give(command)
        carried_out.append(replace(command, at=live.now))
    return live, carried_out


@settings(settings.get_profile("domain"))
@given(steps=steps, policy=policies)
def test_replayed_by_its_own_rules_a_standing_is_what_it_is(
    steps: list[tuple[StandingCommand, int]], policy: Policy
) -> None:
    live, carried_out = _lived(policy, steps)
    found = replay(PROVIDER.id, carried_out, policy, live.now)
    assert replace(found.standing, decided_at=live.standing.decided_at) == live.standing
    recorded = Replayed(standing=live.standing, events=tuple(live.events))
    assert compared(PROVIDER.id, recorded, found, (policy, policy)) is None


@settings(settings.get_profile("domain"))
@given(steps=steps, policy=policies, draft=policies)
def test_whatever_the_draft_a_standing_can_be_replayed(
    steps: list[tuple[StandingCommand, int]], policy: Policy, draft: Policy
) -> None:
    live, carried_out = _lived(policy, steps)
    found = replay(PROVIDER.id, carried_out, draft, live.now)
    assert found.standing.policy == draft
    # What is late is late under each of these: only what comes of it differs.
    assert {each.id for each in found.standing.events.values()} == set(live.standing.events)


def _three() -> list[StandingCommand]:
    return [
        replace(late(f"e{number}", initiated_at=BEGUN), at=BEGUN + number * DAY)
        for number in (1, 2, 3)
    ]


def _recorded(given: list[StandingCommand], days: int = 20) -> Replayed:
    return replay(PROVIDER.id, given, DEFAULT_POLICY, BEGUN + days * DAY)


def test_a_milder_draft_takes_a_suspension_back_and_says_why() -> None:
    draft = replace(DEFAULT_POLICY, allowed=3)
    recorded = _recorded(_three())
    milder = replay(PROVIDER.id, _three(), draft, BEGUN + 20 * DAY)
    change = compared(PROVIDER.id, recorded, milder, (DEFAULT_POLICY, draft))
    assert change is not None
    assert change.recorded == Tally(warnings=2, cases=1, suspensions=1)
    assert change.under_draft == Tally(warnings=3)
    assert (change.status, change.status_under_draft) == (Status.SUSPENDED, Status.WARNED)
    assert change.why[0] == "allowed is 3 under the draft, not 2."
    assert "3 late cancellations and 0 late reschedules count today, of 3 allowed" in change.why[1]


def test_the_numbers_that_make_the_difference_are_told_in_words() -> None:
    draft = replace(DEFAULT_POLICY, allowed=3, combined=True, window=30 * DAY)
    other = replay(PROVIDER.id, _three(), draft, BEGUN + 20 * DAY)
    change = compared(PROVIDER.id, _recorded(_three()), other, (DEFAULT_POLICY, draft))
    assert change is not None
    assert change.why[:3] == (
        "allowed is 3 under the draft, not 2.",
        "combined is yes under the draft, not no.",
        "window is 30 days under the draft, not none.",
    )


def test_one_late_event_is_told_in_the_singular() -> None:
    one: list[StandingCommand] = [replace(late("e1", initiated_at=BEGUN), at=BEGUN)]
    draft = replace(DEFAULT_POLICY, allowed=0)
    stricter = replay(PROVIDER.id, one, draft, BEGUN + DAY)
    change = compared(PROVIDER.id, _recorded(one, days=1), stricter, (DEFAULT_POLICY, draft))
    assert change is not None
    assert "1 late cancellation and 0 late reschedules count today" in change.why[1]


def test_a_proof_and_its_review_are_about_what_is_there() -> None:
    given = [
        *_three(),
        replace(proof("e3"), at=BEGUN + 4 * DAY),
        replace(review("proof-1", accept=True), at=BEGUN + 5 * DAY),
    ]
    assert _recorded(given).standing.status is Status.WARNED
    # Without the third event the proof has no object, and the review neither.
    found = replay(PROVIDER.id, [given[0], *given[3:]], DEFAULT_POLICY, BEGUN + 20 * DAY)
    assert found.standing.proofs == {}
    assert Tally.of(found.events) == Tally(warnings=1)


def test_reports_are_those_that_the_bookings_would_have_made() -> None:
    first, second, foreign = _three()
    assert isinstance(first, do.ReportLateEvent)
    wider = LateEventReported(
        at=BEGUN - DAY,
        id="b-9-cancellation",
        kind=LateKind.CANCELLATION,
        scheduled_start=BEGUN + 5 * DAY,
        initiated_at=BEGUN - DAY,
        late_within_seconds=6 * 86400,
    )
    kept = replace(wider, id="e1", scheduled_start=first.scheduled_start)
    anew = {"booking-of-e1": (kept,), "booking-of-e2": (), "b-9": (wider,)}
    found = given_under_draft([first, second, foreign], anew)
    assert [(each.id, each.at) for each in found if isinstance(each, do.ReportLateEvent)] == [
        ("b-9-cancellation", wider.at),
        ("e1", first.at),
        ("e3", foreign.at),
    ]
