"""One provider's standing, for as long as the provider is with us, as a workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from activities.recording import Recorder
    from domain.standing.commands import StandingCommand
    from domain.standing.deadlines import next_deadline
    from domain.standing.decide import begin, decide, elapse, rule_behind
    from domain.standing.events import StandingEvent
    from domain.standing.evolve import evolve_all
    from domain.standing.fold import OnRecordOnly, missed, recall
    from domain.standing.record import StandingOnRecord, StandingRecord, StandingRecorded
    from domain.standing.state import Standing
    from domain.standing.view import standing_json
    from domain.standing.words import describe
    from workflows.fitting import newest_that_fit
    from workflows.handlers import signal_handler, update_handler
    from workflows.living import Living
    from workflows.logbook import Draft, OnRecord
    from workflows.machine import Machine
    from workflows.messages import STANDING_MESSAGES
    from workflows.payloads import NOTHING
    from workflows.recording import carried_out
    from workflows.search_attributes import changes_of_standing, missing_of_standing
    from workflows.snapshot import Progress, StandingInput
    from workflows.start import read_standing_input
    from workflows.waiting import standing_waits_for

Events = Sequence[StandingEvent]

ANSWERED = 100
"""An update or a query answers with this many of the newest events; the API shows all."""

ANSWERED_BYTES = 40_000
"""And with as many of the newest events, claims and proofs, each, as weigh no more than this."""


def _answer(standing: Standing, *_: object) -> dict[str, Any]:
    # It is the same for whoever sees it.
    whole = standing_json(standing, newest=ANSWERED)
    lists = ("events", "claims", "proofs")
    return {**whole, **{name: list(newest_that_fit(whole[name], ANSWERED_BYTES)) for name in lists}}


@workflow.defn(name="ProviderStanding")
class ProviderStandingWorkflow(Living[Standing, StandingCommand, StandingEvent]):
    """A standing never ends: it counts late events, keeps the deadlines of cases, and suspends."""

    machine = Machine(
        messages=STANDING_MESSAGES,
        decide=decide,
        elapse=elapse,
        evolve=evolve_all,
        next_deadline=next_deadline,
        closed=lambda _: False,
        rule=lambda standing, command: rule_behind(command, standing.policy),
        describe=describe,
        attributes=changes_of_standing,
        headline=lambda it: f"{it.status}: {it.count_in_all()} late events count",
        waits_for=standing_waits_for,
        json=_answer,
    )

    @workflow.run
    async def run(self, given: RawValue = NOTHING) -> None:
        """Live, history after history, without losing or double-counting an event."""
        started = read_standing_input(given, workflow.info())
        await self._enter(started)
        missing = missing_of_standing(workflow.info().typed_search_attributes, self._known)
        if missing:
            workflow.upsert_search_attributes(missing)
        await self._live()
        progress = self._handed_over()
        workflow.continue_as_new(replace(started, state=self._known, progress=progress))

    late_event = signal_handler("late-event", "A booking reports something late.")
    submit_proof = signal_handler("submit-proof", "The provider brings proof.")
    review_proof = signal_handler("review-proof", "Support accepts or rejects a proof.")
    contest_claim = signal_handler("contest-claim", "The provider contests a claim.")
    settle_claim = signal_handler("settle-claim", "Support upholds or dismisses a claim.")
    suspend = signal_handler("suspend", "Support suspends the provider's topics.")
    reinstate = signal_handler("reinstate", "Support reinstates the provider's topics.")

    late_event_update = update_handler("late-event", "Report, and answer with the standing.")
    submit_proof_update = update_handler("submit-proof", "Submit, and answer with the standing.")
    review_proof_update = update_handler("review-proof", "Review, and answer with the standing.")
    contest_update = update_handler("contest-claim", "Contest, and answer with the standing.")
    settle_update = update_handler("settle-claim", "Settle, and answer with the standing.")
    suspend_update = update_handler("suspend", "Suspend, and answer with the standing.")
    reinstate_update = update_handler("reinstate", "Reinstate, and answer with the standing.")

    @workflow.query(name="standing", description="The standing as it is now.")
    def standing(self) -> dict[str, Any] | None:
        """The standing as JSON, with its newest events; `None` before it has begun."""
        return _answer(self._state) if self._state else None

    async def _enter(self, started: StandingInput) -> None:
        if started.state is not None:
            self._start(started.state, started.progress, started.history_limit)
        else:
            await self._uncancelled(self._begin(started))

    async def _begin(self, started: StandingInput) -> None:
        """Go on where the record ends, should this not be the first workflow of the provider.

        One that was terminated and began again from nothing would otherwise forget what counts,
        and its recordings, numbered from one again, would be taken for late repetitions.
        """
        found: StandingOnRecord | None = await carried_out(
            Recorder.load_standing, started.provider_id, summary="look for a standing on record"
        )
        begun_at = workflow.info().workflow_start_time
        if found is None:  # as histories have it in which a newcomer's policy was not kept yet
            found = StandingOnRecord(standing=begin(started.provider_id, begun_at))
        standing = found.standing
        if not found.recordings:
            # Only the policy is taken from there, which a replay by a later release must not
            # replace by its own. A newcomer begins by the clock of the workflow.
            standing = replace(standing, decided_at=begun_at)
        self._deliveries.start(found.owed)
        progress = Progress(
            recordings=found.recordings,
            lines=found.lines,
            events=found.events,
            refused=found.refused,
        )
        self._start(standing, progress, started.history_limit)

    def _misses(self, asked: Any) -> bool:
        return missed(self._known, asked) is not None

    async def _recalled(self, state: Standing, asked: Any) -> Standing:
        wanted = missed(state, asked)
        if wanted is None:
            return state
        wanted = replace(wanted, known=self._log.progress.events)
        found: OnRecordOnly = await carried_out(
            Recorder.recall_late_events, wanted, summary="recall late events"
        )
        return recall(state, wanted, found)

    async def _write(
        self, draft: Draft, state: Standing, events: Events
    ) -> OnRecord[Standing, StandingEvent] | None:
        record = StandingRecord(
            number=draft.number,
            standing=state,
            first_seq=draft.first_seq,
            events=tuple(events),
            entries=draft.entries,
            refused=draft.refused,
        )
        summary = ", ".join(event.type for event in events) or "refusals"
        recorded: StandingRecorded = await carried_out(
            Recorder.record_standing, record, summary=f"record {summary}"
        )
        self._deliveries.start(recorded.owed)
        there = recorded.instead
        if there is None:
            return None
        return OnRecord(
            number=there.number,
            state=there.standing,
            first_seq=there.first_seq,
            events=there.events,
            entries=there.entries,
            refused=there.refused,
        )
