"""What happened to a booking, judged by other rules, is what those rules would have made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.booking import commands as do
from domain.booking.commands import BookingCommand
from domain.booking.deadlines import next_deadline
from domain.booking.decide import NewRequest, decide, elapse, request
from domain.booking.events import BookingEvent
from domain.booking.evolve import begin, evolve_all
from domain.booking.judged_anew import late_acts
from domain.booking.state import Initiator
from domain.policy import DEFAULT_POLICY, Policy
from domain.refusal import Refusal
from tests.domain.examples import CLIENT, PROVIDER, SUPPORT, reports
from tests.domain.test_booking_histories import GRID, REQUESTED

DAY = timedelta(days=1)
START = GRID[8]
policies = st.sampled_from([Policy(late_within=days * DAY) for days in (0, 1, 3, 5, 9)])
said = st.none() | st.sampled_from([Initiator.PROVIDER, Initiator.CLIENT])
times = st.sampled_from(GRID[4:])

commands = st.one_of(
    st.just(do.AskCancel(by=PROVIDER, reason="")),
    st.builds(
        do.Cancel, by=st.sampled_from([CLIENT, SUPPORT]), reason=st.just(""), initiated_by=said
    ),
    st.builds(
        do.ProposeReschedule, by=st.just(PROVIDER), reason=st.just(""), starts=st.tuples(times)
    ),
    st.builds(do.AnswerReschedule, by=st.just(CLIENT), accept=st.booleans(), cancel=st.booleans()),
    st.builds(do.ApproveReschedule, by=st.just(SUPPORT), start=times, initiated_by=said),
)
steps = st.lists(st.tuples(commands, st.sampled_from([0, 7, 20, 30, 60])), max_size=12)


def _lived(policy: Policy, given: list[tuple[BookingCommand, int]]) -> tuple[BookingEvent, ...]:
    """A booking under a policy, and what became of it."""
    now = REQUESTED
    wanted = NewRequest(
        booking_id="b-1",
        topic_id="t-1",
        provider_id=PROVIDER.id,
        client_id=CLIENT.id,
        preferred_starts=(START,),
        duration_minutes=60,
        policy=policy,
    )
    events = list(request(wanted, now))
    booking = begin(events)
    for command, hours in [(do.Confirm(by=PROVIDER, start=START), 1), *given]:
        now += timedelta(hours=hours)
        while (deadline := next_deadline(booking)) and deadline.at <= now:
            passed = elapse(booking, deadline, now)
            booking = evolve_all(booking, passed)
            events += passed
        answer = decide(booking, command, now)
        if not isinstance(answer, Refusal):
            booking = evolve_all(booking, answer)
            events += answer
    return tuple(events)


@settings(settings.get_profile("domain"))
@given(given=steps, policy=policies, draft=policies)
def test_judged_by_a_draft_as_if_it_had_been_the_rule(
    given: list[tuple[BookingCommand, int]], policy: Policy, draft: Policy
) -> None:
    recorded, under_draft = _lived(policy, given), _lived(draft, given)
    assert list(late_acts(recorded, draft)) == reports(under_draft)


@settings(settings.get_profile("domain"))
@given(given=steps, policy=policies)
def test_judged_by_their_own_rules_nothing_changes(
    given: list[tuple[BookingCommand, int]], policy: Policy
) -> None:
    recorded = _lived(policy, given)
    assert list(late_acts(recorded, policy)) == reports(recorded)


def test_an_act_that_was_not_late_becomes_late() -> None:
    given: list[tuple[BookingCommand, int]] = [
        (do.ProposeReschedule(by=PROVIDER, reason="", starts=(GRID[9],)), 1)
    ]
    recorded = _lived(DEFAULT_POLICY, given)
    assert reports(recorded) == []
    [found] = late_acts(recorded, replace(DEFAULT_POLICY, late_within=30 * DAY))
    assert found.id == "b-1-reschedule-2"
    assert isinstance(found.initiated_at, datetime)
