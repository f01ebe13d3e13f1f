"""A booking as callers see it: its JSON, what they may do next, and its sentences."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.booking import commands as do
from domain.booking import events as happened
from domain.booking.decide import decide
from domain.booking.state import Booking, Reminder, ReminderKind
from domain.booking.view import (
    allowed_actions,
    booking_json,
    candidate_starts,
    preview_receipt,
)
from domain.booking.words import describe
from domain.party import Party, Role
from domain.record import Entry, entry_json
from domain.refusal import Refusal
from tests.domain.examples import (
    ACCEPT,
    CLIENT,
    COMMANDS,
    CONFIRMED,
    DECLINE,
    EARLY,
    FIRST,
    LATE,
    OTHER,
    OTHER_CLIENT,
    OTHER_PROVIDER,
    PROPOSE,
    PROVIDER,
    SECOND,
    SERVICE,
    SITUATIONS,
    SUPPORT,
    accepted,
    after,
    asked,
    confirmed,
    given,
    lapse_of_time,
    pending,
    proposed,
    requested,
)

BOOKING_KEYS = """
    id topic_id provider_id client_id state revision preferred_starts scheduled_start scheduled_end
    duration_minutes reschedule cancellation allowed_actions created_at updated_at
"""
RESCHEDULE_KEYS = "status initiated_by initiated_at starts accepted_start reason"
CANCELLATION_KEYS = "status initiated_by initiated_at executed_by fault reason late"
TIMELINE_KEYS = "seq given_at handled_at by command outcome code rule text data"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_json_of_a_booking_has_what_the_contract_names(situation: str) -> None:
    shown = booking_json(SITUATIONS[situation](), ("cancel",))
    assert set(shown) >= set(BOOKING_KEYS.split())
    assert (shown["reschedule"] is None) or set(shown["reschedule"]) >= set(RESCHEDULE_KEYS.split())
    assert (shown["cancellation"] is None) or set(shown["cancellation"]) >= set(
        CANCELLATION_KEYS.split()
    )
    assert json.loads(json.dumps(shown)) == shown
    assert shown["allowed_actions"] == ["cancel"]


def test_the_json_of_an_accepted_proposal() -> None:
    shown = booking_json(accepted())
    assert shown["state"] == "confirmed"
    assert shown["revision"] == 4
    assert shown["scheduled_start"] == "2026-03-22T09:00:00Z"
    assert shown["scheduled_end"] == "2026-03-22T10:00:00Z"
    assert shown["reschedule"] == {
        "status": "accepted",
        "initiated_by": "provider",
        "initiated_at": "2026-03-17T08:59:59Z",
        "starts": ["2026-04-01T09:00:00Z"],
        "accepted_start": "2026-04-01T09:00:00Z",
        "reason": "travelling",
        "lapses_at": "2026-03-22T09:00:00Z",
        "late": False,
    }


def test_the_json_of_a_cancellation_while_asked_and_once_done() -> None:
    shown = booking_json(asked(LATE))["cancellation"]
    assert (shown["status"], shown["late"], shown["executed_by"], shown["fault"]) == (
        "asked",
        True,
        None,
        None,
    )
    done = booking_json(after(asked(LATE), do.Cancel(by=CLIENT, reason="as asked"), FIRST))
    assert done["cancellation"] == {
        "status": "done",
        "initiated_by": "provider",
        "initiated_at": "2026-03-17T09:00:00Z",
        "executed_by": "client",
        "fault": "provider",
        "claimed": False,
        "reason": "as asked",
        "late": True,
    }


VIEWERS = {
    "provider": PROVIDER,
    "client": CLIENT,
    "support": SUPPORT,
    "service": SERVICE,
    "stranger-p": OTHER_PROVIDER,
    "stranger-c": OTHER_CLIENT,
}


@pytest.mark.parametrize("viewer", VIEWERS.values(), ids=list(VIEWERS))
@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_allowed_is_what_would_not_be_refused(situation: str, viewer: Party) -> None:
    booking = SITUATIONS[situation]()
    legal = {
        name
        for name, command in COMMANDS.items()
        if not isinstance(decide(booking, replace(command, by=viewer), EARLY), Refusal)
    }
    shown = allowed_actions(booking, viewer, EARLY)
    assert set(shown) == legal
    assert len(shown) == len(legal)


def test_a_request_whose_times_have_all_passed_cannot_be_confirmed_any_more() -> None:
    assert "confirm" in allowed_actions(pending(), PROVIDER, SECOND - timedelta(seconds=1))
    assert allowed_actions(pending(), PROVIDER, SECOND) == ("decline",)


@pytest.mark.parametrize(
    ("booking", "starts"),
    [(pending(), (FIRST, SECOND)), (confirmed(), ()), (proposed(), (OTHER,))],
    ids=["pending", "confirmed", "proposed"],
)
def test_the_times_that_could_be_taken_instead(booking: Booking, starts: object) -> None:
    assert candidate_starts(booking) == starts


def test_a_preview_judges_as_the_act_itself_would_be() -> None:
    for at in (EARLY, LATE, FIRST):
        for command in (do.AskCancel(by=PROVIDER, reason=""), PROPOSE):
            event = given(confirmed(), command, at)[0]
            assert isinstance(event, happened.CancellationAsked | happened.RescheduleProposed)
            assert preview_receipt(confirmed(), command.name, at) == event.receipt
    assert preview_receipt(pending(), "ask-cancel", EARLY) is None


def test_a_line_of_the_timeline_as_json() -> None:
    entry = Entry(
        seq=7,
        given_at=EARLY,
        handled_at=LATE,
        by=PROVIDER,
        command="ask-cancel",
        outcome="refused",
        code="already-asked",
        rule="",
        text="",
    )
    shown = entry_json(entry)
    assert set(shown) == set(TIMELINE_KEYS.split())
    assert shown["by"] == {"role": "provider", "id": "ada"}
    assert (shown["given_at"], shown["handled_at"]) == (
        "2026-03-17T08:59:59Z",
        "2026-03-17T09:00:00Z",
    )


def test_every_event_has_a_sentence_of_its_own() -> None:
    confirm = do.Confirm(by=PROVIDER, start=FIRST)
    cancel = do.Cancel(by=CLIENT, reason="")
    amend = do.ApproveReschedule(by=SUPPORT, start=OTHER)
    histories = [
        requested(),
        given(pending(), confirm, CONFIRMED),
        given(pending(), do.Decline(by=PROVIDER, reason="", over_scheduling=True), CONFIRMED),
        given(pending(), do.Decline(by=PROVIDER, reason=""), CONFIRMED),
        given(pending(), cancel, CONFIRMED),
        given(confirmed(), cancel, EARLY),
        given(confirmed(), replace(cancel, by=SUPPORT), EARLY),
        given(asked(LATE), cancel, FIRST - timedelta(hours=1)),
        given(proposed(LATE), cancel, FIRST),
        given(confirmed(), do.AskCancel(by=PROVIDER, reason=""), EARLY),
        given(confirmed(), PROPOSE, FIRST + timedelta(minutes=5)),
        given(proposed(), ACCEPT, EARLY),
        given(proposed(), DECLINE, EARLY),
        given(accepted(), amend, EARLY),
        lapse_of_time(pending(), OTHER)[1],
        lapse_of_time(proposed(), OTHER)[1],
    ]
    sentences = {event.type: describe(event) for events in histories for event in events}
    assert len(sentences) == 14
    assert len(set(sentences.values())) == len(sentences)
    assert sentences["booking.confirmed"] == "Confirmed for 2026-03-22T09:00:00Z."
    assert describe(histories[9][0]) == (
        "The provider asked the client to cancel, 5 days 1 second before the session: not late."
    )
    assert describe(histories[10][0]).endswith("5 minutes after the start of the session: late.")
    assert describe(histories[7][0]) == (
        "Cancelled. The provider initiated it, 5 days before the session: late."
    )
    assert describe(histories[6][0]) == (
        "Cancelled. Initiated by unknown: it counts against nobody."
    )


@pytest.mark.parametrize("kind", ReminderKind)
def test_reminders_are_told_in_plain_words(kind: ReminderKind) -> None:
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    reminder = Reminder(kind=kind, due_at=at, at=at, to=(Role.PROVIDER, Role.CLIENT))
    sent = describe(happened.ReminderSent(at=at, reminder=reminder))
    assert sent.startswith("Reminded the provider and the client that ")
    skipped = describe(happened.ReminderSkipped(at=at, reminder=reminder, why="It was past."))
    assert skipped.startswith("Skipped the reminder that ")
    assert skipped.endswith(", due 2026-11-24T09:00:00Z. It was past.")
    assert kind not in sent + skipped
