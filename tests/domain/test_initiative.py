"""Whose idea a cancellation or a new date was: every row of what the contract decides."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.booking import commands as do
from domain.booking import events as happened
from domain.booking.commands import BookingCommand
from domain.booking.state import Booking, Initiator
from domain.lateness import LateKind
from domain.party import Party, Role
from tests.domain.examples import (
    ACCEPT,
    CLIENT,
    CONFIRMED,
    DECLINE,
    EARLY,
    FIRST,
    LATE,
    OTHER,
    PROPOSE,
    PROVIDER,
    SERVICE,
    SUPPORT,
    accepted,
    after,
    asked,
    confirmed,
    given,
    lapse_of_time,
    pending,
    proposed,
    reports,
)

NEARER = FIRST - timedelta(days=2)
"""Well within the late window: when the client or support carries it out."""

ASK = do.AskCancel(by=PROVIDER, reason="ill")
CANCEL = do.Cancel(by=CLIENT, reason="")
BY_SUPPORT = do.Cancel(by=SUPPORT, reason="")
BY_SERVICE = do.Cancel(by=SERVICE, reason="")
NONE_SUITS = do.AnswerReschedule(by=CLIENT, accept=False, cancel=True)


def saying(by: Party | None, initiator: Initiator, at: datetime | None = None) -> do.Cancel:
    return do.Cancel(by=by, reason="", initiated_by=initiator, initiated_at=at)


def asked_of(booking: Booking, at: datetime) -> Booking:
    return after(booking, ASK, at)


def proposed_and_declined(at: datetime) -> Booking:
    return after(proposed(at), DECLINE, at + timedelta(hours=1))


def asked_and_declined() -> Booking:
    """The provider proposed late, and asked besides; the client declined the times."""
    return after(asked_of(proposed(LATE), LATE), DECLINE, LATE + timedelta(hours=1))


def proposed_and_lapsed() -> Booking:
    return lapse_of_time(proposed(EARLY - timedelta(days=9)), EARLY)[0]


P, C, S = Initiator.PROVIDER, Initiator.CLIENT, Initiator.SUPPORT
SAID = Initiator.SERVICE
U = Initiator.UNKNOWN

OWN = "client client no -"
CLAIMED = "provider claimed late cancellation?"
IN_TIME = "provider provider no -"
COUNTED = "provider provider late cancellation"
BEFORE = "provider provider late -"
"""Late, and not counted with the cancellation: it was counted before, as a late reschedule."""

# what was on record, the cancellation (at NEARER) -> initiated by, fault, late, counted as
CANCELLATIONS = {
    "own wish": (confirmed(), CANCEL, OWN),
    "own wish, said so": (confirmed(), saying(CLIENT, C), OWN),
    "claim": (confirmed(), saying(CLIENT, P), CLAIMED),
    "claim through a service": (confirmed(), saying(SERVICE, P), CLAIMED),
    "claim by a bare signal": (confirmed(), saying(None, P), CLAIMED),
    "claim of what was on time": (confirmed(), saying(SERVICE, P, EARLY), "provider claimed no -"),
    "service for the client": (confirmed(), BY_SERVICE, OWN),
    "service says a service": (confirmed(), saying(SERVICE, SAID), "service nobody no -"),
    "asked late": (asked(LATE), CANCEL, COUNTED),
    "asked in time": (asked(EARLY), CANCEL, IN_TIME),
    "asked late, service": (asked(LATE), BY_SERVICE, COUNTED),
    "asked late, yet claimed": (asked(LATE), saying(CLIENT, P), COUNTED),
    "asked late, yet own wish": (asked(LATE), saying(CLIENT, C), COUNTED),
    "proposed late": (proposed(LATE), CANCEL, BEFORE),
    "proposed late, none suits": (proposed(LATE), NONE_SUITS, BEFORE),
    "proposed late, yet claimed": (proposed(LATE), saying(CLIENT, P), BEFORE),
    "proposed in time": (proposed(EARLY), CANCEL, IN_TIME),
    "proposed in time, none suits": (proposed(EARLY), NONE_SUITS, IN_TIME),
    "proposed late, then asked": (asked_of(proposed(LATE), LATE), CANCEL, BEFORE),
    "asked, then proposed late": (after(asked(EARLY), PROPOSE, LATE), CANCEL, BEFORE),
    "both late, none suits": (asked_of(proposed(LATE), LATE), NONE_SUITS, BEFORE),
    "proposed in time, asked late": (
        asked_of(proposed(EARLY), LATE), CANCEL, COUNTED),
    "proposed late, declined": (proposed_and_declined(LATE), CANCEL, OWN),
    "proposed in time, lapsed": (proposed_and_lapsed(), CANCEL, OWN),
    "proposed late, accepted": (accepted(LATE), CANCEL, OWN),
    "proposed late, accepted, yet claimed": (
        accepted(LATE), saying(CLIENT, P), "provider claimed late -"),
    "proposed in time, accepted, yet claimed": (accepted(EARLY), saying(CLIENT, P), CLAIMED),
    "accepted late, then asked": (asked_of(accepted(LATE), LATE), CANCEL, BEFORE),
    "proposed late, asked, declined": (asked_and_declined(), CANCEL, BEFORE),
    "proposed late, asked, declined, then support": (asked_and_declined(), BY_SUPPORT, BEFORE),
    "proposed late, asked, declined, support says provider": (
        asked_and_declined(), saying(SUPPORT, P), BEFORE),
    "proposed late, asked, declined, support says since when": (
        asked_and_declined(), saying(SUPPORT, P, NEARER), COUNTED),
    "proposed late, asked, accepted": (
        after(asked_of(proposed(LATE), LATE), ACCEPT, LATE), CANCEL, BEFORE),
    "declined, then asked late": (
        asked_of(proposed_and_declined(LATE), NEARER), CANCEL, COUNTED),
    "support, nothing said": (confirmed(), BY_SUPPORT, "unknown nobody no -"),
    "support says provider": (confirmed(), saying(SUPPORT, P), COUNTED),
    "support says provider, in time": (confirmed(), saying(SUPPORT, P, EARLY), IN_TIME),
    "support says client": (confirmed(), saying(SUPPORT, C), OWN),
    "support says support": (confirmed(), saying(SUPPORT, S), "support nobody no -"),
    "support says unknown": (confirmed(), saying(SUPPORT, U), "unknown nobody no -"),
    "support, asked late": (asked(LATE), BY_SUPPORT, COUNTED),
    "support says client, asked": (asked(LATE), saying(SUPPORT, C), OWN),
    "support says provider, asked in time": (asked(EARLY), saying(SUPPORT, P), IN_TIME),
    "support says provider, proposed in time": (
        proposed(EARLY), saying(SUPPORT, P), IN_TIME),
    "support says provider, proposed late": (
        proposed(LATE), saying(SUPPORT, P), BEFORE),
    "support says provider late, proposed in time": (
        proposed(EARLY), saying(SUPPORT, P, LATE), COUNTED),
    "support, proposed late": (proposed(LATE), BY_SUPPORT, BEFORE),
}  # fmt: skip


@pytest.mark.parametrize(
    ("booking", "command", "outcome"), CANCELLATIONS.values(), ids=list(CANCELLATIONS)
)
def test_whose_a_cancellation_is(booking: Booking, command: BookingCommand, outcome: str) -> None:
    events = given(booking, command, NEARER)
    done = events[0]
    assert isinstance(done, happened.BookingCancelled)
    late = "late" if done.receipt and done.receipt.late else "no"
    found = [f"{event.kind}{'?' if event.claimed else ''}" for event in reports(events)]
    assert f"{done.initiated_by} {done.fault} {late} {' '.join(found) or '-'}" == outcome
    assert done.executed_by == (command.by.role if command.by else Role.SERVICE)
    assert not done.withdrawn


# what was on record, the amendment (at NEARER) -> initiated by, fault, counted as
AMENDMENTS = {
    "nothing said": (confirmed(), None, None, "unknown nobody -"),
    "said client": (confirmed(), C, None, "client client -"),
    "said support": (confirmed(), S, None, "support nobody -"),
    "said provider": (confirmed(), P, None, "provider provider reschedule"),
    "said provider, in time": (confirmed(), P, EARLY, "provider provider -"),
    "accepted, late": (accepted(LATE), None, None, "provider provider -"),
    "accepted, in time": (accepted(EARLY), None, None, "provider provider -"),
    "proposed, late": (proposed(LATE), None, None, "provider provider -"),
    "accepted, said provider": (accepted(LATE), P, None, "provider provider -"),
    "accepted, said client": (accepted(LATE), C, None, "provider provider -"),
    "declined": (proposed_and_declined(LATE), None, None, "unknown nobody -"),
    "asked only": (asked(LATE), None, None, "unknown nobody -"),
}  # fmt: skip


@pytest.mark.parametrize("by", [SUPPORT, SERVICE, None], ids=["support", "service", "left-out"])
@pytest.mark.parametrize(
    ("booking", "said", "since", "outcome"), AMENDMENTS.values(), ids=list(AMENDMENTS)
)
def test_whose_a_new_date_is(
    booking: Booking, said: Initiator | None, since: datetime | None, outcome: str, by: Party | None
) -> None:
    command = do.ApproveReschedule(by=by, start=OTHER, initiated_by=said, initiated_at=since)
    events = given(booking, command, NEARER)
    done = events[0]
    assert isinstance(done, happened.BookingRescheduled)
    counted = " ".join(event.kind for event in reports(events)) or "-"
    assert f"{done.initiated_by} {done.fault} {counted}" == outcome
    assert done.executed_by is (by.role if by else Role.SERVICE)
    assert (done.previous_start, done.start) == (FIRST, OTHER)


@pytest.mark.parametrize("at", [LATE, EARLY], ids=["late", "in-time"])
@pytest.mark.parametrize("answer", ["accepted", "declined", "lapsed", "unsuitable"])
def test_a_proposal_counts_when_it_is_made_and_never_again(at: datetime, answer: str) -> None:
    events = given(confirmed(), PROPOSE, at)
    found = reports(events)
    assert [event.kind for event in found] == ([LateKind.RESCHEDULE] if at == LATE else [])
    if found:
        assert (found[0].initiated_at, found[0].scheduled_start) == (at, FIRST)
    booking, then = proposed(at), at + timedelta(hours=1)
    match answer:
        case "accepted":
            booking = after(booking, ACCEPT, then)
            later = given(booking, do.ApproveReschedule(by=SUPPORT, start=OTHER), then)
        case "declined":
            later = given(booking, DECLINE, then)
        case "lapsed":
            later = lapse_of_time(booking, FIRST)[1]
        case _:
            later = given(booking, NONE_SUITS, then)
    assert reports(later) == []


@pytest.mark.parametrize("by", [SUPPORT, CLIENT, SERVICE])
@pytest.mark.parametrize("said", [None, *Initiator])
def test_a_withdrawal_never_counts(by: Party, said: Initiator | None) -> None:
    command = do.Cancel(by=by, reason="", initiated_by=said)
    soon = pending(CONFIRMED + timedelta(hours=3))
    events = given(soon, command, CONFIRMED)
    assert reports(events) == []
    done = events[0]
    assert isinstance(done, happened.BookingCancelled)
    assert done.withdrawn
    assert done.receipt is None


def test_a_decline_an_expiry_and_an_ask_never_count() -> None:
    soon = pending(CONFIRMED + timedelta(hours=3))
    assert reports(given(soon, do.Decline(by=PROVIDER, reason=""), CONFIRMED)) == []
    assert reports(lapse_of_time(soon, OTHER)[1]) == []
    assert reports(given(confirmed(), ASK, NEARER)) == []


def test_lateness_is_that_of_the_ask_and_not_of_the_cancellation() -> None:
    done = given(asked(LATE), CANCEL, NEARER)
    (report,) = reports(done)
    assert (report.initiated_at, report.at) == (LATE, NEARER)
    assert report.late_within_seconds == 432_000


def test_a_command_that_waited_for_the_worker_makes_nobody_late() -> None:
    ask = do.AskCancel(by=PROVIDER, reason="ill", at=EARLY)
    booking = after(confirmed(), ask, EARLY + timedelta(days=2))
    assert reports(given(booking, CANCEL, NEARER)) == []


def test_a_proposal_in_time_keeps_support_s_instant_where_support_gives_one() -> None:
    booking = proposed(EARLY)
    (report,) = reports(given(booking, saying(SUPPORT, P, LATE), NEARER))
    assert report.initiated_at == LATE


def test_every_report_of_a_booking_has_an_id_of_its_own() -> None:
    booking, found = confirmed(), []
    for hours in range(1, 4):
        at = LATE + timedelta(hours=hours)
        events = given(booking, PROPOSE, at)
        found += [event.id for event in reports(events)]
        booking = after(after(booking, PROPOSE, at), DECLINE, at)
    found += [event.id for event in reports(given(asked_of(booking, NEARER), CANCEL, NEARER))]
    assert len(set(found)) == len(found) == 4


def test_a_new_date_has_a_late_window_of_its_own() -> None:
    approve = do.ApproveReschedule(by=SUPPORT, start=OTHER)
    moved = after(accepted(LATE), approve, NEARER)
    assert reports(given(moved, PROPOSE, NEARER)) == []
    again = OTHER - timedelta(days=5)
    (report,) = reports(given(after(moved, ASK, again), CANCEL, again))
    assert report.scheduled_start == OTHER


def test_a_date_that_two_of_support_enter_is_one_new_date_and_counts_once() -> None:
    enter = do.ApproveReschedule(by=SUPPORT, start=OTHER, initiated_by=P)
    moved = after(confirmed(), enter, LATE)
    soon = OTHER - timedelta(hours=1)
    assert given(moved, enter, soon) == ()
    assert after(asked_of(moved, soon), enter, soon) == asked_of(moved, soon)


def test_the_old_date_entered_again_ends_a_proposal() -> None:
    keep = do.ApproveReschedule(by=SUPPORT, start=FIRST)
    assert after(accepted(LATE), keep, NEARER).reschedule is None
