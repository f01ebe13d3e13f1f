"""Every promise about time that a booking makes: when it is due, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.booking import commands as do
from domain.booking import events as happened
from domain.booking.deadlines import DeadlineKind, deadlines, next_deadline, spread
from domain.booking.decide import elapse
from domain.booking.evolve import evolve_all
from domain.booking.state import Booking, ReminderKind, State
from domain.booking.words import describe
from domain.party import Role
from domain.policy import DEFAULT_POLICY, Policy
from tests.domain.examples import (
    ACCEPT,
    CONFIRMED,
    EARLY,
    FIRST,
    LATE,
    OTHER,
    PROPOSE,
    PROVIDER,
    REQUESTED,
    SUPPORT,
    accepted,
    after,
    confirmed,
    given,
    lapse_of_time,
    pending,
    proposed,
    requested,
)

HOUR = timedelta(hours=1)
UNSPREAD = Policy(reminder_spread=timedelta(0))
JITTER = spread("b-1", DEFAULT_POLICY.reminder_spread)


def due(booking: Booking) -> list[tuple[str, datetime]]:
    return [
        (deadline.reminder.kind if deadline.reminder else deadline.kind, deadline.at)
        for deadline in deadlines(booking)
    ]


def at_handling(booking: Booking, now: datetime) -> list[str]:
    """What happens when a worker comes back at an instant and handles what is overdue."""
    seen: list[str] = []
    while (deadline := next_deadline(booking)) and deadline.at <= now:
        events = elapse(booking, deadline, now)
        booking = evolve_all(booking, events)
        seen += [event.type for event in events]
    return seen


def test_a_request_waits_72_hours_and_reminds_twice() -> None:
    assert due(pending(policy=UNSPREAD)) == [
        ("answer-half-time", REQUESTED + 36 * HOUR),
        ("answer-last-call", REQUESTED + 60 * HOUR),
        ("expire", REQUESTED + 72 * HOUR),
    ]


def test_a_request_waits_no_longer_than_until_its_last_preferred_time() -> None:
    first, last = REQUESTED + 20 * HOUR, REQUESTED + 40 * HOUR
    for starts in ((first, last), (last, first)):
        assert due(pending(*starts, policy=UNSPREAD)) == [
            ("answer-half-time", REQUESTED + 20 * HOUR),
            ("answer-last-call", REQUESTED + 28 * HOUR),
            ("expire", last),
        ]


def test_a_reminder_whose_time_is_past_when_it_is_armed_is_skipped_and_recorded() -> None:
    asked, *skipped = requested(REQUESTED + 10 * HOUR)
    assert isinstance(asked, happened.BookingRequested)
    (skip,) = skipped
    assert isinstance(skip, happened.ReminderSkipped)
    assert skip.reminder.kind is ReminderKind.ANSWER_LAST_CALL
    assert skip.why == "Its time was past."
    assert [kind for kind, _ in due(pending(REQUESTED + 10 * HOUR))] == [
        "answer-half-time",
        "expire",
    ]


def test_a_reminder_due_at_the_very_instant_of_arming_is_past() -> None:
    kinds = [kind for kind, _ in due(pending(REQUESTED + 12 * HOUR))]
    assert "answer-last-call" not in kinds


def test_nobody_answers() -> None:
    booking, events = lapse_of_time(pending(), OTHER)
    assert booking.state is State.EXPIRED
    assert [event.type for event in events] == [
        "reminder.sent",
        "reminder.sent",
        "booking.expired",
    ]
    assert events[-1].at == REQUESTED + 72 * HOUR


def test_the_reminders_of_a_request_go_to_the_provider_alone() -> None:
    assert {reminder.to for reminder in pending().reminders} == {(Role.PROVIDER,)}


def test_a_confirmed_booking_reminds_before_the_late_window_and_before_the_start() -> None:
    assert due(confirmed(UNSPREAD)) == [
        ("late-window-opens", FIRST - timedelta(days=6)),
        ("session-starts", FIRST - 24 * HOUR),
        ("session-starts", FIRST - HOUR),
        ("complete", FIRST + HOUR),
    ]
    to = [reminder.to for reminder in confirmed().reminders]
    assert to == [(Role.PROVIDER,), *[(Role.PROVIDER, Role.CLIENT)] * 2]


def test_a_confirmation_shortly_before_the_start_skips_what_is_past() -> None:
    start = REQUESTED + 3 * HOUR
    events = given(pending(start), do.Confirm(by=PROVIDER, start=start), REQUESTED + HOUR)
    skipped = [event.reminder for event in events if isinstance(event, happened.ReminderSkipped)]
    assert [(reminder.kind, reminder.due_at) for reminder in skipped] == [
        (ReminderKind.LATE_WINDOW_OPENS, start - timedelta(days=6)),
        (ReminderKind.SESSION_STARTS, start - 24 * HOUR),
    ]


def test_reminders_are_armed_by_when_the_command_is_handled_not_given() -> None:
    confirm = do.Confirm(by=PROVIDER, start=FIRST, at=CONFIRMED)
    events = given(pending(), confirm, FIRST - 2 * HOUR)
    assert [event.type for event in events] == [
        "booking.confirmed",
        "reminder.skipped",
        "reminder.skipped",
    ]


def test_a_session_ends_completed() -> None:
    booking, events = lapse_of_time(confirmed(), OTHER)
    assert booking.state is State.COMPLETED
    assert [event.type for event in events] == ["reminder.sent"] * 3 + ["booking.completed"]
    assert events[-1].at == booking.scheduled_end == FIRST + HOUR


def test_reminders_are_spread_by_a_fixed_delay_of_the_booking_s_own() -> None:
    delays = {
        spread(f"b-{number}", DEFAULT_POLICY.reminder_spread).total_seconds()
        for number in range(500)
    }
    assert len(delays) > 300
    assert min(delays) >= 0
    assert max(delays) < 60
    assert spread("b-1", DEFAULT_POLICY.reminder_spread) == JITTER > timedelta(0)
    for booking in (pending(), confirmed()):
        assert {reminder.at - reminder.due_at for reminder in booking.reminders} == {JITTER}


def test_what_decides_something_is_never_spread() -> None:
    spread_out = [pending(), confirmed(), proposed()]
    exact = [
        pending(policy=UNSPREAD),
        confirmed(UNSPREAD),
        after(confirmed(UNSPREAD), PROPOSE, EARLY),
    ]
    for booking, same in zip(spread_out, exact, strict=True):
        deciding = [
            [(kind, at) for kind, at in due(one) if kind in ("expire", "lapse", "complete")]
            for one in (booking, same)
        ]
        assert deciding[0] == deciding[1] != []


def test_what_decides_something_goes_before_a_reminder_of_the_same_instant() -> None:
    booking = pending(policy=replace(UNSPREAD, last_call_before_expiry=timedelta(0)))
    assert [kind for kind, _ in due(booking)][1:] == ["expire", "answer-last-call"]
    _, events = lapse_of_time(booking, OTHER)
    assert [event.type for event in events] == ["reminder.sent", "booking.expired"]


@pytest.mark.parametrize(
    ("at", "lapses"),
    [
        pytest.param(FIRST - timedelta(days=10), FIRST - timedelta(days=3), id="after-7-days"),
        pytest.param(LATE, FIRST, id="at-the-start"),
        pytest.param(FIRST - timedelta(days=7), FIRST, id="both-at-once"),
        pytest.param(FIRST, FIRST + HOUR, id="made-at-the-start"),
        pytest.param(FIRST + HOUR / 2, FIRST + HOUR, id="made-after-the-start"),
    ],
)
def test_a_proposal_lapses_after_7_days_or_at_the_start(at: datetime, lapses: datetime) -> None:
    booking = proposed(at)
    assert ("lapse", lapses) in due(booking)
    booking, events = lapse_of_time(booking, lapses)
    assert happened.RescheduleLapsed(at=lapses) in events
    assert booking.reschedule is None


def test_a_proposal_that_lapsed_cannot_be_accepted() -> None:
    booking, _ = lapse_of_time(proposed(), FIRST)
    assert booking.state is State.CONFIRMED
    assert "lapse" not in [kind for kind, _ in due(booking)]


def test_an_accepted_time_holds_completion_and_silences_the_old_date() -> None:
    booking, _ = lapse_of_time(accepted(), EARLY)
    assert [kind for kind, _ in due(booking)] == ["session-starts", "session-starts", "complete"]
    booking, events = lapse_of_time(booking, OTHER)
    assert booking.state is State.CONFIRMED
    assert [event.type for event in events] == ["reminder.skipped"] * 2
    assert due(booking) == [("complete", OTHER + HOUR)]
    booking, events = lapse_of_time(booking, OTHER + HOUR)
    assert booking.state is State.COMPLETED
    assert [event.type for event in events] == ["reschedule.lapsed", "booking.completed"]
    assert describe(events[0]) == (
        "Support had not entered the time that the client accepted: the date has stayed."
    )


def test_an_accepted_earlier_time_does_not_bring_completion_forward() -> None:
    command = replace(PROPOSE, starts=(FIRST - timedelta(days=1),))
    booking = after(after(confirmed(), command, EARLY), ACCEPT, EARLY)
    assert due(booking)[-1] == ("complete", FIRST + HOUR)


def test_a_new_date_arms_its_own_reminders_and_forgets_the_old_ones() -> None:
    moved = after(accepted(), do.ApproveReschedule(by=SUPPORT, start=OTHER), EARLY)
    assert due(moved) == [
        ("late-window-opens", OTHER - timedelta(days=6) + JITTER),
        ("session-starts", OTHER - 24 * HOUR + JITTER),
        ("session-starts", OTHER - HOUR + JITTER),
        ("complete", OTHER + HOUR),
    ]


def test_a_reminder_overdue_after_an_outage_is_sent_while_it_still_means_something() -> None:
    before, later = FIRST - timedelta(minutes=1), FIRST + timedelta(minutes=1)
    opens = FIRST - timedelta(days=5)
    assert at_handling(confirmed(), opens - timedelta(seconds=1)) == ["reminder.sent"]
    assert at_handling(confirmed(), opens) == ["reminder.skipped"]
    assert at_handling(confirmed(), before) == ["reminder.skipped"] + ["reminder.sent"] * 2
    assert at_handling(confirmed(), later) == ["reminder.skipped"] * 3
    assert at_handling(confirmed(), OTHER) == ["reminder.skipped"] * 3 + ["booking.completed"]


def test_a_request_that_expired_during_an_outage_reminds_nobody() -> None:
    assert at_handling(pending(), OTHER) == ["reminder.skipped"] * 2 + ["booking.expired"]


def test_what_happens_by_itself_is_dated_by_its_deadline() -> None:
    booking = pending()
    expiry = next(found for found in deadlines(booking) if found.kind is DeadlineKind.EXPIRE)
    (event,) = elapse(booking, expiry, OTHER)
    assert event.at == REQUESTED + 72 * HOUR


def test_a_deadline_names_what_it_is_about() -> None:
    assert [str(found) for found in deadlines(pending())] == [
        "remind (answer-half-time)",
        "remind (answer-last-call)",
        "expire",
    ]
