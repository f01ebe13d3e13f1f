"""Warnings, the suspension case, and what proof and support make of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.standing import commands as do
from domain.standing import events as happened
from domain.standing.state import Cause
from tests.domain.standings import (
    BEGUN,
    CANCELLATION,
    DAY,
    RESCHEDULE,
    SUPPORT,
    Live,
    late,
    proof,
    review,
    suspended,
    with_case,
)

SUSPEND = do.Suspend(by=SUPPORT, reason="abuse")
REINSTATE = do.Reinstate(by=SUPPORT, reason="amends made")
RECORDED = "late-event.recorded"


def test_two_warnings_and_then_a_case() -> None:
    live = Live()
    assert live.status == "good"
    assert live.give(late("e1")) == (RECORDED, "standing.warned")
    assert live.status == "warned"
    assert live.give(late("e2")) == (RECORDED, "standing.warned")
    warned = live.last(happened.StandingWarned)
    assert (warned.kind, warned.count, warned.allowed) == (CANCELLATION, 2, 2)
    assert live.give(late("e3")) == (RECORDED, "case.opened")
    assert live.status == "case-open"
    assert live.standing.case is not None
    assert live.standing.case.opened_at == BEGUN
    assert live.standing.case.due_at == BEGUN + 7 * DAY


def test_the_case_states_its_reasons() -> None:
    live = Live()
    live.give(late("r1", RESCHEDULE), late("e1"), late("e2"), late("e3"))
    assert live.standing.case is not None
    rule, *evidence = live.standing.case.reasons
    assert rule == (
        "3 late cancellations, more than the 2 that are allowed within 5 days of the session."
    )
    assert [line.split(":")[0] for line in evidence] == [
        f"Booking booking-of-e{number}" for number in (1, 2, 3)
    ]
    assert evidence[0].endswith(
        "a cancellation initiated at 2026-03-02T09:00:00Z, 1 day before the session of "
        "2026-03-03T09:00:00Z."
    )


@pytest.mark.parametrize("order", ["CCRR", "RRCC", "CRCR", "RCCR"])
def test_the_two_kinds_are_counted_apart(order: str) -> None:
    live = Live()
    kinds = {"C": CANCELLATION, "R": RESCHEDULE}
    for number, letter in enumerate(order):
        assert live.give(late(f"e{number}", kinds[letter])) == (RECORDED, "standing.warned")
    assert (live.standing.count(CANCELLATION), live.standing.count(RESCHEDULE)) == (2, 2)
    assert live.status == "warned"


@pytest.mark.parametrize("again", [1, 5])
def test_an_event_counts_once_however_often_it_is_delivered(again: int) -> None:
    live = Live()
    live.give(late("e1"))
    before = live.standing
    for _ in range(again):
        assert live.give(late("e1")) == ()
    assert live.standing == before


def test_what_was_not_late_is_on_record_and_does_not_count() -> None:
    live = Live()
    assert live.give(late("e1", margin=timedelta(days=5, seconds=1))) == (RECORDED,)
    assert live.status == "good"
    assert live.give(late("e2", margin=5 * DAY)) == (RECORDED, "standing.warned")


def test_lateness_is_judged_by_the_policy_of_the_booking_where_the_report_carries_it() -> None:
    live = Live()
    live.give(replace(late("e1"), late_within_seconds=3600))
    assert live.status == "good"
    live.give(replace(late("e2", margin=6 * DAY), late_within_seconds=7 * 86_400))
    assert live.status == "warned"


def test_no_proof_by_the_due_date_suspends() -> None:
    live = with_case()
    assert live.wait(7 * DAY - timedelta(microseconds=1)) == ()
    assert live.status == "case-open"
    assert live.wait(timedelta(microseconds=1)) == (
        "case.due-passed",
        "case.closed",
        "topics.suspended",
    )
    assert live.status == "suspended"
    assert live.standing.suspension is not None
    assert live.standing.suspension.cause is Cause.CASE
    assert live.standing.suspension.reason == "No proof was provided within 7 days."
    assert live.standing.suspension.since == BEGUN + 7 * DAY


WHOLE_TIME = 7 * DAY - timedelta(microseconds=1)


def test_a_case_that_an_outage_delayed_leaves_seven_days_for_proof_all_the_same() -> None:
    live = Live()
    live.give(late("e1"), late("e2"), late("c1", claimed=True))
    assert live.wait(12 * DAY, outage=True) == ("claim.upheld", "case.opened")
    assert live.wait(WHOLE_TIME) == ()
    assert live.give(proof("e1")) == ("proof.submitted",)


def test_a_case_that_support_s_word_opens_from_before_leaves_seven_days_all_the_same() -> None:
    live = Live()
    contested = do.ContestClaim(claim_id="c1")
    live.give(late("e1"), late("e2"), late("c1", claimed=True), contested)
    live.wait(9 * DAY)
    uphold = do.SettleClaim(by=SUPPORT, claim_id="c1", uphold=True, at=BEGUN + DAY)
    assert live.give(uphold) == ("claim.upheld", "case.opened")
    assert live.wait(WHOLE_TIME) == ()
    assert live.give(proof("e1")) == ("proof.submitted",)


def test_a_case_of_clocks_that_differ_is_due_a_round_week_after_it_was_opened() -> None:
    live = Live(now=BEGUN + timedelta(minutes=15))
    live.give(*(replace(late(f"e{number}"), at=BEGUN) for number in (1, 2, 3)))
    assert live.standing.case is not None
    assert live.standing.case.due_at - live.standing.case.opened_at == 7 * DAY


def test_proof_in_time_is_reviewed_and_nothing_is_suspended_before_that() -> None:
    live = with_case()
    live.wait(6 * DAY)
    assert live.give(proof("e1")) == ("proof.submitted",)
    assert live.status == "under-review"
    assert live.wait(DAY) == ("case.due-passed",)
    assert live.wait(100 * DAY) == ()
    assert live.status == "under-review"
    assert live.standing.suspension is None


@pytest.mark.parametrize("waited", [DAY, 30 * DAY], ids=["in-time", "after-due"])
def test_rejected_proof_suspends_with_the_note(waited: timedelta) -> None:
    live = with_case(proof("e1"))
    live.wait(waited)
    assert live.give(review("proof-1", accept=False, note="The train ran.")) == (
        "proof.rejected",
        "case.closed",
        "topics.suspended",
    )
    assert live.standing.suspension is not None
    assert "The train ran." in live.standing.suspension.reason


@pytest.mark.parametrize("waited", [DAY, 30 * DAY], ids=["in-time", "after-due"])
def test_accepted_proof_excuses_and_lifts(waited: timedelta) -> None:
    live = with_case(proof("e1"))
    live.wait(waited)
    assert live.give(review("proof-1", accept=True)) == (
        "proof.accepted",
        "late-event.excused",
        "case.closed",
    )
    assert live.status == "warned"
    assert live.standing.count(CANCELLATION) == 2
    assert live.standing.case is None
    assert live.give(late("e4")) == (RECORDED, "case.opened")


def test_a_warning_that_no_longer_stands_is_lifted() -> None:
    live = Live()
    live.give(late("e1"), proof("e1"), review("proof-1", accept=True))
    assert live.status == "good"


def test_rejected_proof_of_a_warning_suspends_nobody() -> None:
    live = Live()
    live.give(late("e1"), proof("e1"))
    assert live.give(review("proof-1", accept=False)) == ("proof.rejected",)
    assert live.status == "warned"


def test_proof_that_leaves_too_many_keeps_the_case_open_until_it_is_due() -> None:
    live = with_case(late("e4"), proof("e1"))
    assert live.give(review("proof-1", accept=True)) == ("proof.accepted", "late-event.excused")
    assert live.status == "case-open"
    assert "topics.suspended" in live.wait(7 * DAY)


def test_proof_that_leaves_too_many_suspends_once_the_case_is_due() -> None:
    live = with_case(late("e4"), proof("e1"))
    live.wait(8 * DAY)
    assert live.give(review("proof-1", accept=True))[-2:] == ("case.closed", "topics.suspended")
    assert live.standing.suspension is not None
    assert "leaves more" in live.standing.suspension.reason


def test_a_second_proof_is_waited_for_when_the_first_is_rejected() -> None:
    live = with_case(proof("e1"), proof("e2"))
    assert live.give(review("proof-1", accept=False)) == ("proof.rejected",)
    assert live.status == "under-review"
    assert live.give(review("proof-2", accept=True))[-1] == "case.closed"
    assert live.status == "warned"


def test_an_event_is_excused_once_however_many_proofs_cover_it() -> None:
    live = with_case(proof("e1"), proof("e1", "e2"), review("proof-1", accept=True))
    live.give(review("proof-2", accept=True))
    assert live.last(happened.LateEventsExcused).ids == ("e2",)
    live = with_case(proof("e1"), proof("e1"), review("proof-1", accept=True))
    assert live.give(review("proof-2", accept=True)) == ("proof.accepted",)


def test_a_fourth_event_joins_the_case_and_its_deadline_stays() -> None:
    live = with_case()
    live.wait(3 * DAY)
    assert live.give(late("e4")) == (RECORDED,)
    assert live.standing.case is not None
    assert live.standing.case.due_at == BEGUN + 7 * DAY
    assert live.standing.count(CANCELLATION) == 4
    live.give(proof("e1"), review("proof-1", accept=True))
    assert live.status == "case-open"


def test_the_other_kind_is_warned_of_while_a_case_is_open() -> None:
    live = with_case()
    for number in (1, 2):
        assert live.give(late(f"r{number}", RESCHEDULE)) == (RECORDED, "standing.warned")
        assert live.last(happened.StandingWarned).count == number
    assert live.give(late("r3", RESCHEDULE)) == (RECORDED,)
    live.give(proof("e1"), review("proof-1", accept=True))
    assert live.status == "case-open"


def test_proof_of_what_the_case_is_not_about_neither_holds_nor_ends_it() -> None:
    live = Live()
    live.give(late("r1", RESCHEDULE), proof("r1"), late("e1"), late("e2"), late("e3"))
    assert live.status == "case-open"
    assert live.give(review("proof-1", accept=False)) == ("proof.rejected",)
    assert live.status == "case-open"
    live.give(proof("r1"))
    assert "topics.suspended" in live.wait(7 * DAY)


def test_proof_while_suspended_changes_nothing_until_it_is_accepted() -> None:
    live = suspended()
    assert live.give(proof("e1")) == ("proof.submitted",)
    assert live.status == "suspended"
    assert live.give(review("proof-1", accept=False)) == ("proof.rejected",)
    live.give(proof("e1", "e2"))
    assert live.give(review("proof-2", accept=True))[-1] == "topics.reinstated"
    assert live.status == "warned"
    assert live.standing.case is None


def test_too_little_proof_while_suspended_leaves_it_so() -> None:
    live = suspended()
    live.give(late("e4"), proof("e1"))
    assert live.give(review("proof-1", accept=True)) == ("proof.accepted", "late-event.excused")
    assert live.status == "suspended"


def test_reinstatement_settles_what_has_counted_so_far() -> None:
    live = suspended()
    assert live.give(REINSTATE) == ("topics.reinstated",)
    assert live.status == "good"
    assert [event.settled for event in live.standing.events.values()] == [True] * 3
    assert live.give(late("e4")) == (RECORDED, "standing.warned")
    assert live.last(happened.StandingWarned).count == 1
    assert live.wait(100 * DAY) == ()


def test_support_suspends_by_its_own_decision_and_proof_does_not_lift_that() -> None:
    live = with_case()
    assert live.give(SUSPEND) == ("case.closed", "topics.suspended")
    live.give(proof("e1", "e2", "e3"))
    assert live.give(review("proof-1", accept=True)) == ("proof.accepted", "late-event.excused")
    assert live.status == "suspended"
    assert live.wait(100 * DAY) == ()
    assert live.give(REINSTATE) == ("topics.reinstated",)
    assert live.status == "good"


def test_events_during_a_suspension_are_settled_with_the_rest() -> None:
    live = Live()
    live.give(SUSPEND, *(late(f"e{number}") for number in range(4)))
    assert live.status == "suspended"
    assert live.standing.case is None
    live.give(REINSTATE)
    assert live.status == "good"
