"""One booking, from the request until it is closed, as a workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.recording import Recorder
    from activities.reporting import LateEventReport, LateEventReporter
    from domain.booking.commands import BookingCommand
    from domain.booking.deadlines import next_deadline
    from domain.booking.decide import decide, elapse, request
    from domain.booking.events import BookingEvent, LateEventReported
    from domain.booking.evolve import begin, evolve_all
    from domain.booking.record import BookingRecord, Recorded
    from domain.booking.state import Booking
    from domain.booking.table import LEGAL
    from domain.booking.view import allowed_actions, booking_json
    from domain.booking.words import describe
    from domain.instants import rfc3339
    from domain.party import UNNAMED_SERVICE, Party, Role
    from domain.refusal import Refusal
    from workflows.entries import applied
    from workflows.handlers import signal_handler, update_handler
    from workflows.living import Living
    from workflows.logbook import Draft, OnRecord
    from workflows.machine import Machine
    from workflows.messages import BOOKING_MESSAGES
    from workflows.payloads import NOTHING
    from workflows.recording import carried_out
    from workflows.search_attributes import changes_of_booking, missing_of_booking
    from workflows.snapshot import BookingInput
    from workflows.start import read_booking_input
    from workflows.waiting import booking_waits_for

Events = Sequence[BookingEvent]


def headline(booking: Booking) -> str:
    """Where a booking stands, for the top of its card."""
    start = f", {rfc3339(booking.scheduled_start)}" if booking.scheduled_start else ""
    return f"{booking.state}{start}"


def _as_seen_by(booking: Booking, viewer: Party, now: datetime) -> dict[str, Any]:
    return booking_json(booking, allowed_actions(booking, viewer, now))


@workflow.defn(name="Booking")
class BookingWorkflow(Living[Booking, BookingCommand, BookingEvent]):
    """A booking waits for commands and deadlines, and ends when nothing can change it any more."""

    machine = Machine(
        messages=BOOKING_MESSAGES,
        decide=decide,
        elapse=elapse,
        evolve=evolve_all,
        next_deadline=next_deadline,
        closed=lambda booking: booking.closed,
        rule=lambda booking, command: LEGAL[booking.state, command].rule_under(booking.policy),
        describe=describe,
        attributes=changes_of_booking,
        headline=headline,
        waits_for=booking_waits_for,
        json=_as_seen_by,
    )

    @workflow.run
    async def run(self, given: RawValue = NOTHING) -> dict[str, Any]:
        """Live from the request to the end of the booking; the result is how it ended."""
        await self._enter(read_booking_input(given, workflow.info()))
        missing = missing_of_booking(workflow.info().typed_search_attributes, self._known)
        if missing:
            workflow.upsert_search_attributes(missing)
        if await self._live():
            # Read again, and not kept meanwhile: the next history begins with the same request.
            started = read_booking_input(given, workflow.info())
            progress = self._handed_over()
            workflow.continue_as_new(replace(started, state=self._known, progress=progress))
        self._show(None)
        return booking_json(self._known)

    confirm = signal_handler("confirm", "The provider takes one of the preferred times.")
    decline = signal_handler("decline", "The provider turns the request down.")
    ask_cancel = signal_handler("ask-cancel", "The provider asks the client to cancel.")
    cancel = signal_handler("cancel", "The client cancels, or withdraws the request.")
    propose = signal_handler("propose-reschedule", "The provider proposes other times.")
    answer = signal_handler("answer-reschedule", "The client answers the proposed times.")
    approve = signal_handler("reschedule-approved", "Support amends the date.")

    confirm_update = update_handler("confirm", "Confirm, and answer with the booking.")
    decline_update = update_handler("decline", "Decline, and answer with the booking.")
    ask_cancel_update = update_handler("ask-cancel", "Ask to cancel, and answer with the booking.")
    cancel_update = update_handler("cancel", "Cancel, and answer with the booking.")
    propose_update = update_handler("propose-reschedule", "Propose, answer with the booking.")
    answer_update = update_handler("answer-reschedule", "Answer, answer with the booking.")
    approve_update = update_handler("reschedule-approved", "Amend, answer with the booking.")

    @workflow.query(name="booking", description="The booking as it is now.")
    def booking(self) -> dict[str, Any] | None:
        """The booking as JSON, as a service sees it; `None` before it has begun."""
        if self._state is None:
            return None
        return _as_seen_by(self._state, UNNAMED_SERVICE, workflow.now())

    async def _enter(self, started: BookingInput) -> None:
        if started.state is not None:
            self._start(started.state, started.progress, started.history_limit)
        else:
            await self._uncancelled(self._begin(started))

    async def _begin(self, started: BookingInput) -> None:
        # The request was made when the workflow was started, however long a worker took to come.
        requested_at = workflow.info().workflow_start_time
        events = request(started.request, requested_at)
        booking = begin(events)
        entry = applied(
            by=started.request.by or Party(role=Role.CLIENT, id=booking.client_id),
            command="request",
            given=requested_at,
            handled=workflow.now(),
            rule="A request names one topic and 1 to 5 preferred times.",
            text=describe(events[0]),
            policy=booking.policy.name,
            inputs={
                "preferred_starts": [rfc3339(start) for start in booking.preferred_starts],
                "note": booking.note,
            },
            events=events,
        )
        self._history_limit = started.history_limit
        refusal = await self._record(booking, events, entry)
        if isinstance(refusal, Refusal):
            await self._turn_all_away(refusal)
            raise ApplicationError(str(refusal), type=refusal.code.value, non_retryable=True)

    async def _write(
        self, draft: Draft, state: Booking, events: Events
    ) -> Refusal | OnRecord[Booking, BookingEvent] | None:
        record = BookingRecord(
            number=draft.number,
            booking=state,
            first_seq=draft.first_seq,
            events=tuple(events),
            entries=draft.entries,
            refused=draft.refused,
        )
        summary = ", ".join(event.type for event in events) or "refusals"
        recorded: Recorded = await carried_out(
            Recorder.record_booking, record, summary=f"record {summary}"
        )
        self._deliveries.start(recorded.owed)
        there = recorded.instead
        if there is None:
            return recorded.refusal
        return OnRecord(
            number=there.number,
            state=there.booking,
            first_seq=there.first_seq,
            events=there.events,
            entries=there.entries,
            refused=there.refused,
        )

    async def _afterwards(self, state: Booking, events: Events) -> None:
        """Report what was late to the provider's standing, before anything else is decided."""
        for event in events:
            if isinstance(event, LateEventReported):
                report = LateEventReport(
                    provider_id=state.provider_id, booking_id=state.id, event=event
                )
                summary = f"report a late {event.kind}"
                await carried_out(LateEventReporter.report_late_event, report, summary=summary)
