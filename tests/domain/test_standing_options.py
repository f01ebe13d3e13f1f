"""What the policy leaves open: counting both kinds together, and counting only what is recent."""

from __future__ import annotations

from datetime import timedelta

from domain.policy import Policy
from domain.standing import commands as do
from domain.standing import events as happened
from domain.standing.words import describe, warning
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
    standing,
)

COMBINED = Policy(combined=True)
RECENT = Policy(window=90 * DAY)
RECORDED = "late-event.recorded"


def live_under(policy: Policy) -> Live:
    return Live(standing=standing(policy))


def at(live: Live, event_id: str) -> do.ReportLateEvent:
    """A late event that is initiated now."""
    return late(event_id, initiated_at=live.now)


def test_combined_the_third_of_either_kind_opens_the_case() -> None:
    live = live_under(COMBINED)
    assert live.give(late("e1")) == (RECORDED, "standing.warned")
    assert live.give(late("r1", RESCHEDULE)) == (RECORDED, "standing.warned")
    warned = live.last(happened.StandingWarned)
    assert (warned.kind, warned.count) == (RESCHEDULE, 2)
    assert warning(warned) == (
        "This is the second late event. The next late event opens a suspension case."
    )
    assert live.give(late("e2")) == (RECORDED, "case.opened")
    assert live.standing.count(CANCELLATION) == live.standing.count(RESCHEDULE) == 3
    assert live.standing.case is not None
    rule, *evidence = live.standing.case.reasons
    assert rule.startswith("3 late events, more than the 2")
    assert len(evidence) == 3


def test_combined_proof_of_either_kind_bears_on_the_case() -> None:
    live = live_under(COMBINED)
    live.give(late("e1"), late("r1", RESCHEDULE), late("e2"), proof("r1"))
    assert live.status == "under-review"
    live.give(review("proof-1", accept=True))
    assert live.status == "warned"


def test_an_event_stops_counting_once_it_is_too_long_ago() -> None:
    live = live_under(RECENT)
    live.give(at(live, "e1"))
    assert live.wait(90 * DAY - timedelta(microseconds=1)) == ()
    assert live.status == "warned"
    assert live.wait(timedelta(microseconds=1)) == ("late-event.aged",)
    assert live.status == "good"
    assert live.wait(900 * DAY) == ()


def test_three_events_far_apart_open_no_case() -> None:
    live = live_under(RECENT)
    for number in range(4):
        assert live.give(at(live, f"e{number}"))[-1] == "standing.warned"
        live.wait(50 * DAY)


def test_a_report_that_arrives_too_late_to_count_is_on_record_alone() -> None:
    live = live_under(RECENT)
    live.give(late("e1"), late("e2"))
    assert live.give(late("e0", initiated_at=BEGUN - 90 * DAY)) == (RECORDED,)
    assert live.status == "warned"
    assert live.wait(DAY) == ()


def test_age_alone_does_not_end_a_case() -> None:
    live = live_under(RECENT)
    live.give(at(live, "e1"), at(live, "e2"))
    live.wait(85 * DAY)
    live.give(at(live, "e3"))
    live.give(proof("e1"))
    live.wait(20 * DAY)
    assert live.status == "under-review"
    assert live.give(review("proof-1", accept=False))[-1] == "topics.suspended"


def test_age_alone_does_not_lift_a_suspension_nor_does_bringing_proof() -> None:
    live = live_under(RECENT)
    live.give(at(live, "e1"), at(live, "e2"), at(live, "e3"))
    live.wait(200 * DAY)
    assert live.status == "suspended"
    assert live.give(proof("e1")) == ("proof.submitted",)
    assert live.status == "suspended"
    assert live.give(review("proof-1", accept=True))[-1] == "topics.reinstated"
    assert live.wait(timedelta(0)) == ("late-event.aged",) * 3
    assert live.status == "good"


def test_what_was_held_by_a_case_ages_as_soon_as_the_case_is_lifted() -> None:
    live = live_under(RECENT)
    live.give(at(live, "e1"))
    live.wait(89 * DAY)
    live.give(at(live, "e2"), at(live, "e3"))
    live.wait(2 * DAY)
    assert live.status == "case-open"
    live.give(proof("e3"), review("proof-1", accept=True))
    assert live.status == "warned"
    live.wait(timedelta(0))
    assert [event.id for event in live.standing.counting()] == ["e2"]


def test_reinstatement_settles_under_a_window_too() -> None:
    live = live_under(RECENT)
    live.give(at(live, "e1"), do.Suspend(by=SUPPORT, reason="abuse"))
    live.give(do.Reinstate(by=SUPPORT, reason="amends made"))
    assert live.status == "good"
    assert live.wait(100 * DAY) == ("late-event.aged",)


def test_another_number_can_be_allowed() -> None:
    live = live_under(Policy(allowed=0))
    assert live.give(late("e1")) == (RECORDED, "case.opened")


def test_the_aged_are_named() -> None:
    live = live_under(RECENT)
    live.give(at(live, "e1"))
    live.wait(90 * DAY)
    assert describe(live.events[-1]) == "Too long ago to count: e1."
