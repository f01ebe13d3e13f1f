"""What notices say: to their reader, of things by name, and in whole sentences."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from domain.booking.events import BookingDeclined
from domain.lateness import LateKind
from domain.notices.about import About
from domain.notices.judgements import bookings_named
from domain.notices.words import say
from domain.party import Role
from domain.standing.events import (
    CaseOpened,
    ClaimOpened,
    ClaimUpheld,
    ProofRejected,
    TopicsSuspended,
)
from domain.standing.state import Case, Cause, Claim, LateEvent
from domain.standing.words import in_evidence
from tests.domain.examples import FIRST, LATE
from tests.notices.happenings import BOOKING, about, everything

IDS = ("0190-booking", "late-1", "proof-1")


@pytest.mark.parametrize("told", everything(), ids=lambda told: f"{told.kind}-{told.to}")
def test_nothing_is_called_by_its_id_and_nobody_hears_of_themselves(told: About) -> None:
    said = say(told)

    assert not any(each in f"{said.title} {said.text}" for each in IDS)
    assert f"the {told.to}" not in said.text.lower(), "the reader is you"
    assert re.search(r"[.!?]$", said.text)
    assert ". ." not in said.text


def test_a_claim_names_the_session_and_who_says_so() -> None:
    opened = ClaimOpened(at=LATE, claim=Claim(id="late-1", booking_id=BOOKING.id, due_at=FIRST))

    told = about(opened, Role.PROVIDER)

    assert say(told).text.startswith(
        "Carl Ito says that you initiated the cancellation of the session on Chess of 2026-03-22T"
    )
    # A booking of another service's is not on record here.
    unknown = replace(told, booking=None, start=None, client="")
    assert say(unknown).text.startswith(
        "The client says that you initiated the cancellation of the session. It counts unless"
    )


@pytest.mark.parametrize("uncontested", [False, True])
def test_what_was_excused_is_not_said_to_count_when_its_claim_is_upheld(uncontested: bool) -> None:
    upheld = ClaimUpheld(
        at=LATE, claim_id="late-1", booking_id=BOOKING.id, note="", uncontested=uncontested
    )

    assert say(about(upheld, Role.PROVIDER)).text.endswith(": it counts.")
    excused = replace(upheld, counts=False)
    assert say(about(excused, Role.PROVIDER)).text.endswith(
        ": it is on record, and does not count."
    )


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            TopicsSuspended(at=LATE, cause=Cause.CASE, reason="The proof was rejected: no date"),
            "The case is over. The proof was rejected: no date. They take no new requests;",
        ),
        (
            TopicsSuspended(at=LATE, cause=Cause.SUPPORT, reason="A complaint!"),
            "Support has suspended them. The reason given: A complaint! They take no new requests;",
        ),
        (
            ProofRejected(at=LATE, proof_id="proof-1", note="No date"),
            "Support has rejected it. The reason given: No date.",
        ),
        (
            BookingDeclined(at=LATE, reason="Away ", over_scheduling=True),
            "The reason given: Away. They may suggest",
        ),
    ],
    ids=["case", "support", "proof", "declined"],
)
def test_what_somebody_wrote_ends_its_sentence(
    event: TopicsSuspended | ProofRejected | BookingDeclined, text: str
) -> None:
    assert text in say(about(event, Role.PROVIDER)).text


def test_a_case_names_the_bookings_of_its_evidence() -> None:
    late = [
        LateEvent(
            id=f"{booking_id}-cancellation",
            booking_id=booking_id,
            kind=LateKind.CANCELLATION,
            scheduled_start=FIRST,
            initiated_at=LATE,
            margin_seconds=3600,
            late=True,
        )
        for booking_id in ("0190-a", "other:7")
    ]
    reasons = ("3 late cancellations, more than allowed.", *map(in_evidence, late))
    opened = CaseOpened(at=LATE, case=Case(opened_at=LATE, due_at=FIRST, reasons=reasons))

    assert bookings_named(opened) == {"0190-a", "other:7"}
    assert bookings_named(None) == frozenset()
