"""A standing as callers see it: its JSON, what one more act would lead to, and its sentences."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from domain.lateness import LateKind, Receipt, judge
from domain.policy import DEFAULT_POLICY, Policy
from domain.standing import commands as do
from domain.standing import events as happened
from domain.standing.deadlines import deadlines
from domain.standing.state import Document
from domain.standing.view import preview_json, standing_json
from domain.standing.words import describe, ordinal, warning
from tests.domain.standings import (
    BEGUN,
    CANCELLATION,
    DAY,
    PROVIDER,
    RESCHEDULE,
    SUPPORT,
    Live,
    late,
    proof,
    review,
    standing,
    suspended,
    with_case,
)

KEYS = "provider_id status late_cancellations late_reschedules allowed case events claims proofs"
EVENT_KEYS = """
    id booking_id kind scheduled_start initiated_at margin_seconds counts excused settled
"""


def receipt(margin: timedelta, kind: LateKind = CANCELLATION) -> Receipt:
    return judge(kind, scheduled_start=BEGUN + margin, initiated_at=BEGUN, policy=DEFAULT_POLICY)


def busy() -> Live:
    """A standing that holds something of everything."""
    live = with_case(late("r1", RESCHEDULE), late("c1", claimed=True))
    live.give(
        do.SubmitProof(
            by=PROVIDER,
            covers=("e1",),
            statement="The train did not run.",
            documents=(Document(name="ticket", url="https://example.org/ticket"),),
        )
    )
    return live


def test_the_json_of_a_standing_has_what_the_contract_names() -> None:
    for live in (Live(), busy(), suspended()):
        shown = standing_json(live.standing)
        assert set(shown) >= set(KEYS.split())
        assert json.loads(json.dumps(shown)) == shown
    shown = standing_json(busy().standing)
    assert shown["provider_id"] == "ada"
    assert shown["status"] == "under-review"
    assert (shown["late_cancellations"], shown["late_reschedules"], shown["allowed"]) == (3, 1, 2)
    assert set(shown["case"]) == {"opened_at", "due_at", "reasons"}
    assert shown["case"]["due_at"] == "2026-03-09T09:00:00Z"
    assert all(set(event) >= set(EVENT_KEYS.split()) for event in shown["events"])
    assert (
        shown["claims"][0].items()
        >= {
            "id": "c1",
            "booking_id": "booking-of-c1",
            "status": "open",
        }.items()
    )
    assert shown["proofs"] == [
        {
            "id": "proof-1",
            "status": "submitted",
            "covers": ["e1"],
            "statement": "The train did not run.",
            "documents": [{"name": "ticket", "url": "https://example.org/ticket"}],
            "submitted_at": "2026-03-02T09:00:00Z",
            "note": "",
        }
    ]


def test_a_good_standing_has_no_case_and_no_suspension() -> None:
    shown = standing_json(Live().standing)
    assert (shown["status"], shown["case"], shown["suspension"]) == ("good", None, None)


def test_the_json_tells_what_counts_from_what_is_excused_or_settled() -> None:
    live = with_case(proof("e1"), review("proof-1", accept=True), late("c1", claimed=True))
    live.give(do.Suspend(by=SUPPORT, reason="abuse"))
    live.give(do.Reinstate(by=SUPPORT, reason="amends made"), late("e4"))
    shown = {
        event["id"]: (event["counts"], event["excused"], event["settled"])
        for event in standing_json(live.standing)["events"]
    }
    assert shown == {
        "e1": (False, True, False),
        "e2": (False, False, True),
        "e3": (False, False, True),
        "c1": (False, False, False),
        "e4": (True, False, False),
    }


def test_counts_are_of_each_kind_even_where_they_are_judged_together() -> None:
    live = Live(standing=standing(Policy(combined=True)))
    live.give(late("e1"), late("r1", RESCHEDULE))
    shown = standing_json(live.standing)
    assert (shown["late_cancellations"], shown["late_reschedules"]) == (1, 1)


def test_the_lists_can_be_limited_to_the_newest() -> None:
    shown = standing_json(with_case(late("c1", claimed=True), proof("e1")).standing, newest=2)
    assert [event["id"] for event in shown["events"]] == ["e3", "c1"]
    assert len(shown["claims"]) == len(shown["proofs"]) == 1


def test_what_has_joined_a_case_is_among_its_reasons() -> None:
    live = with_case(late("e4"), late("r1", RESCHEDULE), late("c1", claimed=True))
    reasons = standing_json(live.standing)["case"]["reasons"]
    assert [reason.split(":")[0] for reason in reasons[1:]] == [
        f"Booking booking-of-e{number}" for number in (1, 2, 3, 4)
    ]


def test_the_reasons_stay_in_sight_while_suspended() -> None:
    live = suspended()
    live.give(proof("e1"), review("proof-1", accept=False))
    shown = standing_json(live.standing)
    assert len(shown["case"]["reasons"]) == 4
    assert shown["suspension"] == {
        "since": "2026-03-09T09:00:00Z",
        "cause": "case",
        "reason": "No proof was provided within 7 days.",
    }


@pytest.mark.parametrize(
    ("reported", "margin", "would_be", "leads_to", "text"),
    [
        (0, 6 * DAY, 0, "nothing", "not late"),
        (0, 5 * DAY, 1, "warning", "your first late cancellation, and a warning."),
        (1, DAY, 2, "warning", "1 day before the session: it would be your second"),
        (2, DAY, 3, "case", "your third late cancellation, and open a case."),
        (2, 6 * DAY, 2, "nothing", "would not count"),
        (3, DAY, 4, "case", "your fourth late cancellation, and join your case."),
        (2, -DAY, 3, "case", "1 day after the start of the session"),
    ],
)
def test_a_preview_says_what_one_more_would_lead_to(
    reported: int, margin: timedelta, would_be: int, leads_to: str, text: str
) -> None:
    live = Live()
    live.give(late("r1", RESCHEDULE), *(late(f"e{number}") for number in range(reported)))
    shown = preview_json(live.standing, receipt(margin))
    assert set(shown) == {"late", "margin_seconds", "kind", "would_be", "leads_to", "text"}
    assert (shown["would_be"], shown["leads_to"]) == (would_be, leads_to)
    assert shown["late"] == (leads_to != "nothing")
    assert shown["margin_seconds"] == margin.total_seconds()
    assert text in shown["text"]


@pytest.mark.parametrize("reported", range(4))
def test_a_preview_foretells_what_the_report_then_does(reported: int) -> None:
    live = Live()
    live.give(late("x"), *(late(f"r{number}", RESCHEDULE) for number in range(reported)))
    foretold = preview_json(live.standing, receipt(DAY, RESCHEDULE))["leads_to"]
    came = live.give(late("r9", RESCHEDULE))
    leads_to = {"standing.warned": "warning", "case.opened": "case", "late-event.recorded": "case"}
    assert foretold == leads_to[came[-1]]


def test_a_preview_under_a_combined_count_speaks_of_events() -> None:
    live = Live(standing=standing(Policy(combined=True)))
    live.give(late("e1"), late("r1", RESCHEDULE))
    shown = preview_json(live.standing, receipt(DAY))
    assert (shown["would_be"], shown["leads_to"]) == (3, "case")
    assert "your third late event, and open a case." in shown["text"]


def warned(kind: LateKind, count: int, allowed: int) -> str:
    return warning(happened.StandingWarned(at=BEGUN, kind=kind, count=count, allowed=allowed))


def test_a_warning_says_what_the_next_one_means() -> None:
    assert warned(CANCELLATION, 1, 2) == (
        "This is the first late cancellation. 1 more is met with a warning; "
        "the one after that opens a suspension case."
    )
    assert warned(RESCHEDULE, 2, 2) == (
        "This is the second late reschedule. The next late reschedule opens a suspension case."
    )
    assert "3 more are met" in warned(RESCHEDULE, 1, 4)
    assert (ordinal(3), ordinal(9), ordinal(10)) == ("third", "ninth", "number 10")


def test_every_event_has_a_sentence_of_its_own() -> None:
    live = with_case(late("c1", claimed=True), late("x", margin=6 * DAY), proof("e1"))
    live.give(review("proof-1", accept=True), late("e4"), proof("e2"))
    live.give(do.ContestClaim(by=PROVIDER, claim_id="c1"))
    live.give(do.SettleClaim(by=SUPPORT, claim_id="c1", uphold=False))
    live.wait(8 * DAY)
    live.give(review("proof-2", accept=False, note="It ran."), late("c2", claimed=True))
    live.give(do.Reinstate(by=SUPPORT, reason="amends made"))
    live.wait(4 * DAY)
    sentences = {event.type: describe(event) for event in live.events}
    assert len(sentences) == 15
    assert len(set(sentences.values())) == 15
    assert describe(live.last(happened.TopicsSuspended)) == (
        "Topics suspended at the end of the case: The proof was rejected: It ran."
    )
    assert "It was not late, and does not count." in " ".join(map(describe, live.events))
    assert sentences["claim.upheld"] == "Nobody contested the claim in time: it counts."


def test_a_partly_accepted_proof_is_not_called_none() -> None:
    live = with_case(late("e4"), proof("e1"), review("proof-1", accept=True))
    live.wait(7 * DAY)
    assert live.standing.suspension is not None
    assert live.standing.suspension.reason == (
        "The proof provided leaves more late events than are allowed."
    )


def test_a_proof_that_lay_with_support_when_the_case_was_opened_is_not_called_none() -> None:
    live = Live()
    live.give(late("e1"), late("e2"), proof("e1"))
    live.wait(DAY)
    live.give(late("e3"), late("e4"))
    assert live.status == "under-review"
    live.wait(8 * DAY)
    live.give(review("proof-1", accept=True))
    assert live.standing.suspension is not None
    assert live.standing.suspension.reason == (
        "The proof provided leaves more late events than are allowed."
    )


def test_a_proof_that_was_reviewed_before_the_case_is_none_of_it() -> None:
    live = Live()
    live.give(late("e1"), proof("e1"), review("proof-1", accept=False))
    live.wait(DAY)
    live.give(late("e2"), late("e3"))
    live.wait(7 * DAY)
    assert live.standing.suspension is not None
    assert live.standing.suspension.reason == "No proof was provided within 7 days."


def test_a_deadline_names_what_it_is_about() -> None:
    live = with_case(late("c1", claimed=True))
    assert [str(deadline) for deadline in deadlines(live.standing)] == [
        "uphold-claim c1",
        "end-proof-window",
    ]
