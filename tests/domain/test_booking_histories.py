"""Random histories of a booking: whatever is asked of it, in whatever order, some things hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from pydantic import TypeAdapter

from domain.booking import commands as do
from domain.booking import events as happened
from domain.booking.commands import COMMANDS, BookingCommand
from domain.booking.deadlines import deadlines, next_deadline
from domain.booking.decide import NewRequest, decide, elapse, request
from domain.booking.events import BookingEvent
from domain.booking.evolve import begin, evolve_all
from domain.booking.record import BookingRecord
from domain.booking.state import CLOSED, Booking, Fault, Initiator, RescheduleStatus, State
from domain.booking.view import allowed_actions, booking_json
from domain.booking.words import describe
from domain.instants import given_at
from domain.lateness import LateKind
from domain.party import Party, Role
from domain.record import Entry
from domain.refusal import Refusal
from tests.domain.examples import (
    CLIENT,
    OTHER_CLIENT,
    OTHER_PROVIDER,
    PROVIDER,
    SERVICE,
    SUPPORT,
    reports,
)

REQUESTED = datetime(2026, 3, 2, 9, tzinfo=UTC)
GRID = [REQUESTED + timedelta(days=day) for day in range(2, 18)]
"""Few instants, so that the histories collide: starts, ends and deadlines fall on each other."""

BESIDE = (happened.ReminderSent, happened.ReminderSkipped, happened.LateEventReported)

starts = st.sampled_from(GRID)
parties = st.sampled_from(
    [None, None, SERVICE, PROVIDER, CLIENT, SUPPORT, OTHER_PROVIDER, OTHER_CLIENT]
)
waits = st.sampled_from([timedelta(hours=hours) for hours in (0, 0, 1, 13, 30)])
initiators = st.none() | st.sampled_from(Initiator)
earlier = st.none() | st.sampled_from([timedelta(hours=2), timedelta(days=3), timedelta(days=30)])

RECORD = TypeAdapter(BookingRecord)
BOOKING = TypeAdapter(Booking)


class BookingHistory(RuleBasedStateMachine):
    """One booking, its clock, and the worker that now and then is down for a while."""

    @initialize(
        preferred=st.lists(starts, min_size=1, max_size=5, unique=True),
        confirmed=st.sampled_from([True, True, True, False]),
    )
    def ask_for_a_session(self, preferred: list[datetime], confirmed: bool) -> None:
        self.now = REQUESTED
        wanted = NewRequest(
            booking_id="b-1",
            topic_id="t-1",
            provider_id=PROVIDER.id,
            client_id=CLIENT.id,
            preferred_starts=tuple(preferred),
            duration_minutes=90,
        )
        self.events = list(request(wanted, self.now))
        self.booking = begin(self.events)
        if confirmed:
            self.give(do.Confirm(by=PROVIDER, start=preferred[0]), timedelta(0))

    def take(self, events: tuple[BookingEvent, ...]) -> None:
        before = self.booking
        self.booking = evolve_all(before, events)
        changing = [event for event in events if not isinstance(event, BESIDE)]
        assert self.booking.revision == before.revision + len(changing)
        assert before.decided_at <= self.booking.decided_at
        if before.reschedule and before.reschedule.receipt.late:
            # It was counted when it was proposed: whatever comes of it is the same incident.
            assert reports(events) == []
        self.events += events

    def catch_up(self, until: datetime) -> None:
        """What is due by an instant happens, before whatever was given after it."""
        while (deadline := next_deadline(self.booking)) and deadline.at <= until:
            events = elapse(self.booking, deadline, self.now)
            assert events
            self.take(events)

    def give(self, command: BookingCommand, delay: timedelta) -> None:
        """A command that is handled some time after it was given, or at once."""
        given = self.now
        self.now += delay
        command = replace(command, at=given if delay else None)
        self.catch_up(given)
        booking = self.booking
        answer = decide(booking, command, self.now)
        if isinstance(answer, Refusal):
            assert booking.state not in CLOSED or answer.code == "already-closed"
        elif not answer:
            assert isinstance(command, do.ApproveReschedule)
            assert (command.start, booking.reschedule) == (booking.scheduled_start, None)
        else:
            assert booking.state not in CLOSED
            judged = given_at(command.at, now=self.now, last_decision=booking.decided_at)
            assert answer[0].at == judged
            if command.by in (PROVIDER, CLIENT, SUPPORT) and not delay:
                assert command.name in allowed_actions(booking, command.by, self.now)
            self.take(answer)
        self.catch_up(self.now)

    @rule(by=parties, start=starts, delay=waits)
    def confirm(self, by: Party | None, start: datetime, delay: timedelta) -> None:
        self.give(do.Confirm(by=by, start=start), delay)

    @rule(by=parties)
    def decline(self, by: Party | None) -> None:
        self.give(do.Decline(by=by, reason="full"), timedelta(0))

    @rule(by=parties, delay=waits)
    def ask_to_cancel(self, by: Party | None, delay: timedelta) -> None:
        self.give(do.AskCancel(by=by, reason="ill"), delay)

    @precondition(lambda self: self.now > REQUESTED + timedelta(days=1))
    @rule(by=parties, said=initiators, before=earlier, delay=waits)
    def cancel(
        self, by: Party | None, said: Initiator | None, before: timedelta | None, delay: timedelta
    ) -> None:
        since = self.now - before if before else None
        self.give(do.Cancel(by=by, reason="", initiated_by=said, initiated_at=since), delay)

    @rule(by=parties, times=st.lists(starts, min_size=1, max_size=3, unique=True), delay=waits)
    def propose(self, by: Party | None, times: list[datetime], delay: timedelta) -> None:
        self.give(do.ProposeReschedule(by=by, starts=tuple(times), reason="away"), delay)

    @precondition(lambda self: self.booking.state is State.CONFIRMED)
    @rule(times=st.lists(st.sampled_from(GRID[5:]), min_size=1, max_size=2, unique=True))
    def propose_later_times(self, times: list[datetime]) -> None:
        command = do.ProposeReschedule(by=PROVIDER, starts=tuple(times), reason="away")
        self.give(command, timedelta(0))

    @precondition(lambda self: self.booking.reschedule)
    @rule(accept=st.booleans(), cancel=st.booleans(), number=st.integers(0, 2), delay=waits)
    def answer(self, accept: bool, cancel: bool, number: int, delay: timedelta) -> None:
        proposal = self.booking.reschedule
        assert proposal is not None
        start = proposal.starts[number % len(proposal.starts)]
        command = do.AnswerReschedule(
            by=CLIENT, accept=accept, start=start, cancel=cancel and not accept
        )
        self.give(command, delay)

    @rule(by=parties, start=starts, said=initiators, before=earlier)
    def amend(
        self,
        by: Party | None,
        start: datetime,
        said: Initiator | None,
        before: timedelta | None,
    ) -> None:
        since = self.now - before if before else None
        command = do.ApproveReschedule(by=by, start=start, initiated_by=said, initiated_at=since)
        self.give(command, timedelta(0))

    @rule(span=waits)
    def wait(self, span: timedelta) -> None:
        self.now += span
        self.catch_up(self.now)

    @invariant()
    def no_deadline_lies_in_the_past(self) -> None:
        assert all(deadline.at > self.now for deadline in deadlines(self.booking))
        assert bool(deadlines(self.booking)) != self.booking.closed

    @invariant()
    def the_events_rebuild_the_booking(self) -> None:
        assert begin(self.events) == self.booking

    @invariant()
    def one_incident_counts_once(self) -> None:
        found = [event for event in self.events if isinstance(event, happened.LateEventReported)]
        assert len({event.id for event in found}) == len(found)
        cancellations = [event for event in found if event.kind is LateKind.CANCELLATION]
        assert len(cancellations) <= 1
        late_proposals = [
            event
            for event in self.events
            if isinstance(event, happened.RescheduleProposed) and event.receipt.late
        ]
        late_by_word = [
            event
            for event in self.events
            if isinstance(event, happened.BookingRescheduled)
            and event.receipt
            and event.receipt.late
            and event.receipt not in [proposal.receipt for proposal in late_proposals]
        ]
        assert len(found) - len(cancellations) == len(late_proposals) + len(late_by_word)

    @invariant()
    def only_the_provider_is_ever_reported(self) -> None:
        for event, following in zip(self.events, self.events[1:], strict=False):
            if isinstance(following, happened.LateEventReported):
                if isinstance(event, happened.RescheduleProposed):
                    assert event.receipt.late
                    continue
                assert isinstance(event, happened.BookingCancelled | happened.BookingRescheduled)
                assert event.fault in (Fault.PROVIDER, Fault.CLAIMED)
                assert following.claimed == (event.fault is Fault.CLAIMED)
                assert event.receipt is not None
                assert event.receipt.late

    @invariant()
    def the_state_and_what_it_holds_agree(self) -> None:
        booking = self.booking
        if booking.closed:
            assert booking.reschedule is None
            assert booking.reminders == ()
        if booking.state is State.PENDING:
            assert (booking.scheduled_start, booking.reschedule) == (None, None)
        if booking.reschedule:
            accepted = booking.reschedule.accepted_start is not None
            assert accepted == (booking.reschedule.status is RescheduleStatus.ACCEPTED)
        assert (booking.scheduled_start is None) == (booking.scheduled_end is None)

    @precondition(lambda self: self.booking.closed)
    @invariant()
    def nothing_changes_a_closed_booking(self) -> None:
        for by in (None, PROVIDER, CLIENT, SUPPORT, SERVICE):
            for name in COMMANDS:
                answer = decide(self.booking, replace(_ANY[name], by=by), self.now)
                assert isinstance(answer, Refusal)
                assert answer.code == "already-closed"

    def teardown(self) -> None:
        """What was recorded can be written down as JSON and read again, and everything printed."""
        entries = tuple(
            Entry(
                seq=number,
                given_at=event.at,
                handled_at=self.now,
                by=Party(role=Role.CLOCK, id="clock"),
                command="",
                outcome="applied",
                code=None,
                rule="",
                text=describe(event),
                data={"type": event.type},
            )
            for number, event in enumerate(self.events)
        )
        record = BookingRecord(
            number=1, booking=self.booking, first_seq=1, events=tuple(self.events), entries=entries
        )
        assert RECORD.validate_json(RECORD.dump_json(record)) == record
        assert BOOKING.validate_json(BOOKING.dump_json(self.booking)) == self.booking
        assert booking_json(self.booking)["revision"] == self.booking.revision


_ANY: dict[str, BookingCommand] = {
    "confirm": do.Confirm(start=GRID[-1]),
    "decline": do.Decline(reason=""),
    "ask-cancel": do.AskCancel(reason=""),
    "cancel": do.Cancel(reason=""),
    "propose-reschedule": do.ProposeReschedule(starts=(GRID[-1],), reason=""),
    "answer-reschedule": do.AnswerReschedule(accept=True),
    "reschedule-approved": do.ApproveReschedule(start=GRID[-1]),
}

TestBookingHistory = BookingHistory.TestCase
TestBookingHistory.settings = settings.get_profile("domain")
