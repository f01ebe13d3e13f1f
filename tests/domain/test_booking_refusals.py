"""What a command requires of its own content, beyond the state that it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.booking import commands as do
from domain.booking import events as happened
from domain.booking.commands import BookingCommand
from domain.booking.decide import decide
from domain.booking.state import Booking
from domain.party import Party
from domain.refusal import MEANINGS, Code, Refusal, refuse
from tests.domain.examples import (
    ACCEPT,
    CLIENT,
    COMMANDS,
    CONFIRMED,
    EARLY,
    FIRST,
    LATE,
    OTHER,
    PROPOSE,
    PROVIDER,
    REQUESTED,
    SECOND,
    SERVICE,
    SITUATIONS,
    SUPPORT,
    accepted,
    after,
    asked,
    confirmed,
    given,
    pending,
    proposed,
    refused,
)

A_MOMENT = timedelta(microseconds=1)


def test_every_code_has_a_sentence() -> None:
    assert set(MEANINGS) == set(Code)
    for code in Code:
        assert str(Refusal(code=code)) == refuse(code).message == MEANINGS[code]


@pytest.mark.parametrize("start", [OTHER, FIRST + A_MOMENT, FIRST - timedelta(hours=1)])
def test_only_a_preferred_time_can_be_confirmed(start: datetime) -> None:
    assert refused(pending(), do.Confirm(by=PROVIDER, start=start), CONFIRMED) == "not-preferred"


def test_either_preferred_time_can_be_confirmed_in_any_offset() -> None:
    there = SECOND.astimezone(ZoneInfo("Asia/Tokyo"))
    booking = after(pending(), do.Confirm(start=there), CONFIRMED)
    assert booking.scheduled_start == SECOND


STARTING = [
    pytest.param(pending, do.Confirm(by=PROVIDER, start=FIRST), FIRST, id="confirm"),
    pytest.param(confirmed, PROPOSE, OTHER, id="propose"),
    pytest.param(proposed, ACCEPT, OTHER, id="accept"),
    pytest.param(confirmed, do.ApproveReschedule(by=SUPPORT, start=OTHER), OTHER, id="amend"),
]


@pytest.mark.parametrize(("situation", "command", "start"), STARTING)
def test_a_start_must_lie_after_the_instant_at_which_the_command_is_given(
    situation: Callable[[], Booking], command: BookingCommand, start: datetime
) -> None:
    assert refused(situation(), command, start) == "start-passed"
    assert refused(situation(), command, start + A_MOMENT) == "start-passed"
    given(situation(), command, start - A_MOMENT)


@pytest.mark.parametrize(("situation", "command", "start"), STARTING)
def test_a_start_is_judged_by_when_the_command_was_given_and_not_handled(
    situation: Callable[[], Booking], command: BookingCommand, start: datetime
) -> None:
    in_time = replace(command, at=EARLY + timedelta(minutes=1))
    given(situation(), in_time, start + timedelta(days=2))


def test_one_passed_time_spoils_a_proposal() -> None:
    command = replace(PROPOSE, starts=(OTHER, EARLY))
    assert refused(confirmed(), command, EARLY) == "start-passed"


def test_a_proposal_is_answered_with_one_of_its_times() -> None:
    command = replace(PROPOSE, starts=(OTHER, SECOND))
    booking = after(confirmed(), command, EARLY)
    assert refused(booking, ACCEPT, EARLY) == "not-proposed"
    assert refused(booking, replace(ACCEPT, start=FIRST), EARLY) == "not-proposed"
    for start in (OTHER, SECOND):
        chosen = after(booking, replace(ACCEPT, start=start), EARLY).reschedule
        assert chosen is not None
        assert chosen.accepted_start == start


def test_the_only_proposed_time_need_not_be_named() -> None:
    chosen = after(proposed(), ACCEPT, EARLY).reschedule
    assert chosen is not None
    assert chosen.accepted_start == OTHER
    assert refused(proposed(), replace(ACCEPT, start=SECOND), EARLY) == "not-proposed"


def test_declining_needs_no_time() -> None:
    answer = do.AnswerReschedule(by=CLIENT, accept=False, start=SECOND)
    assert after(proposed(), answer, EARLY).reschedule is None


@pytest.mark.parametrize("answer", [ACCEPT, replace(ACCEPT, accept=False, cancel=True)])
@pytest.mark.parametrize("booking", [confirmed(), asked(), accepted()], ids=["none", "ask", "done"])
def test_there_must_be_an_open_proposal_to_answer(
    booking: Booking, answer: do.AnswerReschedule
) -> None:
    assert refused(booking, answer, EARLY) == "nothing-proposed"


def test_a_new_proposal_can_follow_a_declined_one() -> None:
    declined = after(proposed(), replace(ACCEPT, accept=False), EARLY)
    assert after(declined, PROPOSE, LATE).reschedule is not None


def test_after_a_new_date_everything_can_be_asked_again() -> None:
    amended = after(
        after(asked(), PROPOSE, EARLY), do.ApproveReschedule(by=SUPPORT, start=OTHER), EARLY
    )
    assert (amended.reschedule, amended.cancellation) == (None, None)
    given(amended, PROPOSE, EARLY)
    given(amended, do.AskCancel(by=PROVIDER, reason="ill again"), EARLY)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_may_come_from_the_future(name: str) -> None:
    command = replace(COMMANDS[name], at=EARLY + timedelta(minutes=15) + A_MOMENT)
    for situation in ("pending", "proposed"):
        assert refused(SITUATIONS[situation](), command, EARLY) == "at-implausible"


def test_who_gives_a_command_is_judged_before_when() -> None:
    command = do.Confirm(by=CLIENT, start=FIRST, at=OTHER)
    assert refused(pending(), command, CONFIRMED) == "not-allowed"


def test_a_command_given_a_little_ahead_happens_now() -> None:
    command = do.Confirm(by=SERVICE, start=FIRST, at=CONFIRMED + timedelta(minutes=15))
    assert given(pending(), command, CONFIRMED)[0].at == CONFIRMED


def test_a_command_given_before_the_last_decision_happens_with_it() -> None:
    ask = do.AskCancel(by=PROVIDER, reason="ill", at=REQUESTED)
    assert given(confirmed(), ask, EARLY)[0].at == CONFIRMED


@pytest.mark.parametrize("by", [SUPPORT, SERVICE, None])
def test_support_and_services_may_say_when_it_was_initiated(by: Party | None) -> None:
    command = do.Cancel(by=by, reason="by phone", initiated_at=EARLY)
    event = given(confirmed(), command, LATE)[0]
    assert isinstance(event, happened.BookingCancelled)
    assert event.initiated_at == EARLY


@pytest.mark.parametrize("situation", ["pending", "confirmed"])
def test_a_client_may_not_say_when_it_was_initiated(situation: str) -> None:
    command = do.Cancel(by=CLIENT, reason="moved away", initiated_at=EARLY)
    assert refused(SITUATIONS[situation](), command, LATE) == "not-allowed"


@pytest.mark.parametrize(
    "command",
    [do.Cancel(by=SUPPORT, reason="by phone"), do.ApproveReschedule(by=SUPPORT, start=OTHER)],
    ids=["cancel", "amend"],
)
def test_nothing_was_initiated_in_the_future_but_clocks_may_differ(
    command: do.Cancel | do.ApproveReschedule,
) -> None:
    bearable = replace(command, initiated_at=EARLY + timedelta(minutes=15))
    beyond = replace(command, initiated_at=EARLY + timedelta(minutes=15) + A_MOMENT)
    event = given(confirmed(), bearable, EARLY)[0]
    assert isinstance(event, happened.BookingCancelled | happened.BookingRescheduled)
    assert event.initiated_at == EARLY
    assert refused(confirmed(), beyond, EARLY) == "at-implausible"


@pytest.mark.parametrize(
    "command",
    [do.Cancel(by=SUPPORT, reason="by phone"), do.ApproveReschedule(by=SUPPORT, start=OTHER)],
    ids=["cancel", "amend"],
)
def test_nothing_was_initiated_before_the_booking_was_made_but_clocks_may_differ(
    command: do.Cancel | do.ApproveReschedule,
) -> None:
    bearable = replace(command, initiated_at=REQUESTED - timedelta(minutes=15))
    beyond = replace(command, initiated_at=REQUESTED - timedelta(minutes=15) - A_MOMENT)
    event = given(confirmed(), bearable, EARLY)[0]
    assert isinstance(event, happened.BookingCancelled | happened.BookingRescheduled)
    assert event.initiated_at == REQUESTED
    assert refused(confirmed(), beyond, EARLY) == "at-implausible"


def test_who_alone_can_do_it_is_said() -> None:
    confirm = do.Confirm(by=CLIENT, start=FIRST)
    told = "Only the provider can do this, not the client."
    assert decide(pending(), confirm, CONFIRMED) == refuse(Code.NOT_ALLOWED, told)
    approve = do.ApproveReschedule(by=PROVIDER, start=OTHER)
    told = "Only support can do this, not the provider."
    assert decide(confirmed(), approve, CONFIRMED) == refuse(Code.NOT_ALLOWED, told)


def test_what_the_client_has_accepted_is_not_said_to_await_an_answer() -> None:
    refusal = decide(accepted(), PROPOSE, EARLY)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.ALREADY_PROPOSED
    assert "await" not in str(refusal)
