"""The loop that both workflows are: wait for a command or a deadline, decide, record, evolve.

Handlers only put commands in the inbox; the loop alone changes the state. So nothing ever happens
at the same time as something else, and there are no locks.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.instants import given_at
    from domain.party import THE_CLOCK, UNNAMED_SERVICE, Party
    from domain.record import Entry
    from domain.refusal import Refusal
    from workflows import measures
    from workflows.alarm import Alarm
    from workflows.entries import applied
    from workflows.inbox import Arrived, C
    from workflows.logbook import Draft, OnRecord
    from workflows.machine import Deadline, E, S
    from workflows.search_attributes import REFUSED
    from workflows.showing import Showing

AT_ONCE = 100
"""So many commands in a row of which nothing is recorded at once are judged in one task."""

BREATH = timedelta(milliseconds=1)


class DecisionLoop(Showing[S, C, E]):
    """What a booking and a standing have in common within a history: all but their rules."""

    def __init__(self) -> None:
        super().__init__()
        self._alarm = Alarm()
        self._history_limit: int | None = None

    @abstractmethod
    async def _write(
        self, draft: Draft, state: S, events: Sequence[E]
    ) -> Refusal | OnRecord[S, E] | None:
        """Have the database record a decision.

        Its refusal, where only it can know; or what it has on record instead.
        """

    async def _recalled(self, state: S, asked: Any) -> S:
        """The state with all that a command or a deadline is about; by default, it has that."""
        del asked
        return state

    async def _afterwards(self, state: S, events: Sequence[E]) -> None:
        """What follows from recorded events outside of this workflow; by default, nothing."""

    # Deciding: the loop, and nothing else.

    async def _run_until_over(self) -> bool:
        """Decide until all is over. True where it is time to continue as new instead."""
        while True:
            self._set_alarm()
            await self._decide_what_arrived()
            if self._over:
                return False
            if self._time_to_continue() and not self._inbox:
                return True
            deadline = self.machine.next_deadline(self._known)
            if deadline is not None and deadline.at <= workflow.now():
                await self._meet(deadline)
                continue
            self._show(deadline)
            await self._wait(deadline)

    @property
    def _over(self) -> bool:
        """Whether the state is closed and everybody has been told: until then, all is refused."""
        return self.machine.closed(self._known) and not self._deliveries

    async def _decide_what_arrived(self) -> None:
        in_a_row = 0
        while self._inbox:
            now, deadline = workflow.now(), self.machine.next_deadline(self._known)
            if deadline is not None and deadline.at <= self._inbox.given_from(now):
                await self._meet(deadline)
            else:
                arrived = self._inbox.take(now, deadline.at if deadline else None)
                recorded = self._log.progress.recordings
                await asyncio.create_task(self._handle(arrived), context=arrived.context)
                in_a_row = in_a_row + 1 if recorded == self._log.progress.recordings else 0
            self._set_alarm()
            if in_a_row == AT_ONCE:
                # A recording ends the task. Of thousands that are refused, each may be compared
                # with all that are left: together they would take longer than a task may.
                in_a_row = 0
                await workflow.sleep(BREATH, summary="more has arrived")
        await self._record_refusals()

    async def _handle(self, arrived: Arrived[C]) -> None:
        refusal = await self._judge(arrived)
        if arrived.answer is not None:
            arrived.answer.set_result(refusal)
            if refusal is not None:
                measures.refused(arrived.name, refusal)
        elif refusal is not None:
            self._note_refusal(arrived, refusal)

    async def _judge(self, arrived: Arrived[C]) -> Refusal | None:
        if isinstance(arrived.content, Refusal):
            return arrived.content
        while True:
            before = self._outcomes.recall(arrived.key)
            if before is not None:
                return before.refusal
            if self._outcomes.claim(arrived):
                return None
            answer = await self._carry_out(arrived.name, arrived.content)
            if not isinstance(answer, OnRecord):
                self._outcomes.remember(arrived.key, answer)
                return answer

    async def _carry_out(self, name: str, command: C) -> Refusal | OnRecord[S, E] | None:
        now = workflow.now()
        given = given_at(command.at, now=now, last_decision=self._known.decided_at)
        if not isinstance(given, Refusal):
            # What was due before the command was given happened before it, whoever slept.
            await self._meet_all_due(given)
            given = max(given, self._known.decided_at)
        state = await self._recalled(self._known, command)
        events = self.machine.decide(state, command, now)
        if isinstance(events, Refusal):
            return events
        if not events:
            return None
        by = command.by or UNNAMED_SERVICE
        when = now if isinstance(given, Refusal) else given
        entry = self._applied(state, by, name, events, when, command)
        return await self._record(self.machine.evolve(state, events), events, entry)

    async def _meet_all_due(self, until: datetime) -> None:
        while (deadline := self.machine.next_deadline(self._known)) and deadline.at <= until:
            await self._meet(deadline)

    async def _meet(self, deadline: Deadline) -> None:
        state = self._state = await self._recalled(self._known, deadline)
        events = self.machine.elapse(state, deadline, workflow.now())
        if not events:
            return  # what was recalled has deadlines of its own
        entry = self._applied(state, THE_CLOCK, deadline.kind.value, events, deadline.at)
        await self._record(self.machine.evolve(state, events), events, entry)

    def _applied(
        self,
        state: S,
        by: Party,
        command: str,
        events: Sequence[E],
        given: datetime,
        inputs: Any = None,
    ) -> Entry:
        return applied(
            by=by,
            command=command,
            given=given,
            handled=workflow.now(),
            rule=self.machine.rule(state, command),
            text=" ".join(self.machine.describe(event) for event in events),
            policy=state.policy.name,
            inputs=inputs,
            events=events,
        )

    async def _record(
        self, state: S, events: Sequence[E], *decided: Entry
    ) -> Refusal | OnRecord[S, E] | None:
        """Have events recorded, and only then let them change the state.

        Where others are on record instead, those have changed it: the caller decides again.
        """
        before, draft = self._state, self._log.draft(decided)
        answer = await self._write(draft, state, events)
        if isinstance(answer, Refusal):
            self._log.refused(draft)
            return answer
        if answer is None:
            self._log.written(draft, events, state.revision)
            measures.recorded(draft.entries)
        else:
            self._log.adopt(answer)
            self._outcomes.adopt(answer.entries)
            state, events = answer.state, answer.events
        self._state = state
        # A booking that is new was started with its search attributes.
        changes = (
            self.machine.attributes(before, state, events)
            if before is not None or answer is not None
            else []
        )
        if draft.refusals:
            changes.append(REFUSED.value_set(self._log.progress.refused))
        if changes:
            workflow.upsert_search_attributes(changes)
        await self._afterwards(state, events)
        return answer

    # Refusing: a signal cannot be answered, so its refusal is put on record.

    def _note_refusal(self, arrived: Arrived[C], refusal: Refusal) -> None:
        self._note(arrived.name[:80], arrived.by, refusal, given=arrived.given_at)

    def _note(
        self, command: str, by: Party, refusal: Refusal, given: datetime | None = None
    ) -> None:
        now = workflow.now()
        entry = Entry(
            seq=0,
            given_at=min(given or now, now),
            handled_at=now,
            by=by,
            command=command,
            outcome="refused",
            code=refusal.code.value,
            rule="A signal that cannot be carried out changes nothing, and is put on record.",
            text=str(refusal),
            data={"errors": [f"{each.field}: {each.message}"[:300] for each in refusal.errors]},
        )
        self._log.note(entry)

    async def _record_refusals(self) -> None:
        while self._log.unrecorded:
            await self._record(self._known, ())

    # Waiting: for a command, or for the one deadline that is next.

    def _set_alarm(self) -> None:
        """Set the alarm after each decision, and not only when nothing is left to decide.

        What is left is not the same in a replay. Where a query is answered at the very end of a
        recording, a workflow is told of that together with what has arrived since; in a replay,
        before that, when the inbox is empty. If the alarm were set only then, a replay would set
        a timer that the history lacks.
        """
        deadline = self.machine.next_deadline(self._known)
        if self._over:
            self._alarm.take_back()
        elif self._time_to_continue() or (deadline and deadline.at <= workflow.now()):
            pass  # another history sets it, or it is met at once
        else:
            self._alarm.set(deadline)

    async def _wait(self, deadline: Deadline | None) -> None:
        self._alarm.set(deadline)
        self._outcomes.unclaimed.clear()
        self._idle = True
        await workflow.wait_condition(
            lambda: (
                bool(self._inbox or self._log.unrecorded)
                or self._alarm.rings
                or self._over
                or self._time_to_continue()
            )
        )
        self._idle = False

    def _time_to_continue(self) -> bool:
        """Whether the history has grown so long that the workflow should begin a new one."""
        limit = self._history_limit
        info = workflow.info()
        return info.is_continue_as_new_suggested() or (
            limit is not None and info.get_current_history_length() > limit
        )
