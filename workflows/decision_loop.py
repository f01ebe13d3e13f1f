"""The loop that both workflows are: wait for a command or a deadline, decide, record, evolve.

Handlers only put commands in the inbox; the loop alone changes the state. So nothing ever happens
at the same time as something else, and there are no locks.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.booking.record import Recorded
    from domain.instants import given_at
    from domain.party import THE_CLOCK, UNNAMED_SERVICE, Party
    from domain.record import REFUSALS_KEPT, Entry, entry_json
    from domain.refusal import Code, FieldError, Refusal, refuse
    from workflows.details import card
    from workflows.entries import applied, newest, without_inputs
    from workflows.inbox import Answer, Arrived, C, Inbox, Outcomes
    from workflows.machine import Deadline, E, Machine, S
    from workflows.messages import decode, malformed
    from workflows.payloads import NOTHING, json_of
    from workflows.search_attributes import REFUSED
    from workflows.snapshot import Progress

T = TypeVar("T")


class DecisionLoop(Generic[S, C, E]):
    """What a booking and a standing have in common: everything but their rules."""

    machine: Machine[S, C, E]

    def __init__(self) -> None:
        self._state: S | None = None
        self._inbox: Inbox[C] = Inbox()
        self._outcomes = Outcomes()
        self._progress = Progress()
        self._history_limit: int | None = None
        self._unrecorded: list[Entry] = []
        self._timer: asyncio.Task[None] | None = None
        self._timer_at: datetime | None = None
        self._idle = False

    @abstractmethod
    async def _write(
        self, number: int, state: S, events: Sequence[E], entries: Sequence[Entry]
    ) -> Recorded:
        """Have the database record a decision; its refusal, if only it can know."""

    async def _afterwards(self, state: S, events: Sequence[E]) -> None:
        """What follows from recorded events outside of this workflow; by default, nothing."""

    # Arriving: called by the handlers, which change nothing but the inbox.

    def _take_signal(self, name: str, payload: RawValue) -> None:
        self._inbox.put(Arrived(name=name, content=self._read(name, payload)))

    async def _take_update(self, name: str, payload: RawValue) -> dict[str, Any]:
        content = self._read(name, payload)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._inbox.put(Arrived(name=name, content=content, answer=answer))
        refusal = await answer
        if refusal is not None:
            raise _as_error(refusal)
        return self.machine.json(self._known)

    def _validate_update(self, name: str, payload: RawValue) -> None:
        """Refuse without leaving a trace in the history, where that can be told at once.

        The loop decides again: between now and then the state may have moved.
        """
        content = self._read(name, payload)
        if isinstance(content, Refusal):
            raise _as_error(content)
        arrived = Arrived(name=name, content=content)
        if not self._idle or self._inbox or self._outcomes.recall(arrived.key):
            return
        now = workflow.now()
        due = self.machine.next_deadline(self._known)
        if due is not None and due.at <= now:
            return
        outcome = self.machine.decide(self._known, content, now)
        if isinstance(outcome, Refusal):
            raise _as_error(outcome)

    def _read(self, name: str, payload: RawValue) -> C | Refusal:
        if name not in self.machine.messages:
            return refuse(Code.UNKNOWN_COMMAND, f"There is no command {name[:80]!r} here.")
        found = json_of(payload)
        if isinstance(found, str):
            return malformed(FieldError(field="body", message=found))
        message = decode(self.machine.messages, name, found, workflow.now())
        if isinstance(message, Refusal):
            return message
        command: C = message.to_command()  # type: ignore[assignment]
        return command

    @workflow.signal(dynamic=True, description="Any other name: refused, and put on record.")
    def unknown_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Refuse a signal that nobody here knows."""
        self._take_signal(name, args[0] if args else NOTHING)

    @workflow.update(dynamic=True, description="Any other name: refused.")
    async def unknown_update(self, name: str, args: Sequence[RawValue]) -> dict[str, Any]:
        """Refuse an update that nobody here knows."""
        return await self._take_update(name, args[0] if args else NOTHING)

    @unknown_update.validator
    def _no_such_update(self, name: str, args: Sequence[RawValue]) -> None:
        self._validate_update(name, args[0] if args else NOTHING)

    # Deciding: the loop, and nothing else.

    @property
    def _known(self) -> S:
        if self._state is None:
            raise ApplicationError("not begun", type=Code.MALFORMED, non_retryable=True)
        return self._state

    async def _run_until_closed(self) -> bool:
        """Decide until the state is closed. True where it is time to continue as new instead."""
        while True:
            await self._decide_what_arrived()
            if self.machine.closed(self._known):
                return False
            if self._time_to_continue() and not self._inbox:
                return True
            deadline = self.machine.next_deadline(self._known)
            if deadline is not None and deadline.at <= workflow.now():
                await self._meet(deadline)
                continue
            self._show(deadline)
            await self._wait(deadline)

    async def _decide_what_arrived(self) -> None:
        while self._inbox:
            await self._handle(self._inbox.take())
        await self._record_refusals()

    async def _handle(self, arrived: Arrived[C]) -> None:
        refusal = await self._judge(arrived)
        if arrived.answer is not None:
            arrived.answer.set_result(refusal)
        elif refusal is not None:
            self._note_refusal(arrived, refusal)

    async def _judge(self, arrived: Arrived[C]) -> Refusal | None:
        if isinstance(arrived.content, Refusal):
            return arrived.content
        before = self._outcomes.recall(arrived.key)
        if before is not None:
            return before.refusal
        refusal = await self._carry_out(arrived.name, arrived.content)
        self._outcomes.remember(arrived.key, refusal)
        return refusal

    async def _carry_out(self, name: str, command: C) -> Refusal | None:
        now = workflow.now()
        given = given_at(command.at, now=now, last_decision=self._known.decided_at)
        if not isinstance(given, Refusal):
            # What was due before the command was given happened before it, whoever slept.
            await self._meet_all_due(given)
            given = max(given, self._known.decided_at)
        state = self._known
        events = self.machine.decide(state, command, now)
        if isinstance(events, Refusal):
            return events
        if not events:
            return None
        by = command.by or UNNAMED_SERVICE
        when = now if isinstance(given, Refusal) else given
        entry = self._applied(state, by, name, events, when, command)
        return await self._apply(events, entry)

    async def _meet_all_due(self, until: datetime) -> None:
        while (deadline := self.machine.next_deadline(self._known)) and deadline.at <= until:
            await self._meet(deadline)

    async def _meet(self, deadline: Deadline) -> None:
        state = self._known
        events = self.machine.elapse(state, deadline, workflow.now())
        entry = self._applied(state, THE_CLOCK, deadline.kind.value, events, deadline.at)
        await self._apply(events, entry)

    async def _apply(self, events: Sequence[E], entry: Entry) -> Refusal | None:
        """Have events recorded, and only then let them change the state."""
        before = self._known
        after = self.machine.evolve(before, events)
        refusal = await self._record(after, events, entry)
        if refusal is not None:
            return refusal
        self._state = after
        changes = self.machine.attributes(before, after, events)
        if changes:
            workflow.upsert_search_attributes(changes)
        await self._afterwards(after, events)
        return None

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

    async def _record(self, state: S, events: Sequence[E], *applied: Entry) -> Refusal | None:
        refusals = self._unrecorded
        entries = [
            replace(entry, seq=self._progress.lines + number)
            for number, entry in enumerate((*refusals, *applied), start=1)
        ]
        number = self._progress.recordings + 1
        recorded = await self._write(number, state, events, entries)
        self._progress = replace(self._progress, recordings=number)
        if recorded.refusal is not None:
            return recorded.refusal
        if refusals:
            count = self._progress.refused
            workflow.upsert_search_attributes([REFUSED.value_set(count)])
        # More may have been noted while these were being written.
        self._unrecorded = [
            entry for entry in self._unrecorded if not any(entry is done for done in refusals)
        ]
        self._progress = replace(
            self._progress,
            lines=self._progress.lines + len(entries),
            events=self._progress.events + len(events),
            newest=newest((*self._progress.newest, *entries)),
        )
        return None

    # Refusing: a signal cannot be answered, so its refusal is put on record.

    def _note_refusal(self, arrived: Arrived[C], refusal: Refusal) -> None:
        content = arrived.content
        by = UNNAMED_SERVICE if isinstance(content, Refusal) else content.by or UNNAMED_SERVICE
        self._note(arrived.name[:80], by, refusal)

    def _note(self, command: str, by: Party, refusal: Refusal) -> None:
        now = workflow.now()
        entry = Entry(
            seq=0,
            given_at=now,
            handled_at=now,
            by=by,
            command=command,
            outcome="refused",
            code=refusal.code.value,
            rule="A signal that cannot be carried out changes nothing, and is put on record.",
            text=str(refusal),
            data={"errors": [f"{each.field}: {each.message}"[:300] for each in refusal.errors]},
        )
        self._unrecorded = [*self._unrecorded, entry][-REFUSALS_KEPT:]
        self._progress = replace(self._progress, refused=self._progress.refused + 1)

    async def _record_refusals(self) -> None:
        if self._unrecorded:
            await self._record(self._known, ())

    # Waiting: for a command, or for the one deadline that is next.

    async def _wait(self, deadline: Deadline | None) -> None:
        self._set_timer(deadline)
        self._idle = True
        await workflow.wait_condition(
            lambda: (
                bool(self._inbox or self._unrecorded)
                or (self._timer is not None and self._timer.done())
                or self._time_to_continue()
            )
        )
        self._idle = False
        if self._timer is not None and self._timer.done():
            self._timer = self._timer_at = None

    def _set_timer(self, deadline: Deadline | None) -> None:
        """Keep the timer that runs if it is for the same instant: a new one costs two events."""
        at = deadline.at if deadline else None
        if at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, at
        if deadline is not None:
            self._timer = asyncio.create_task(
                workflow.sleep(deadline.at - workflow.now(), summary=str(deadline))
            )

    def _time_to_continue(self) -> bool:
        """Whether the history has grown so long that the workflow should begin a new one."""
        limit = self._history_limit
        info = workflow.info()
        return info.is_continue_as_new_suggested() or (
            limit is not None and info.get_current_history_length() > limit
        )

    # Beginning, and handing over to the next history.

    def _start(self, state: S, progress: Progress, history_limit: int | None) -> None:
        self._state = state
        self._progress = progress
        self._history_limit = history_limit
        for outcome in progress.outcomes:
            self._outcomes.remember(outcome.key, outcome.refusal)

    def _handed_over(self) -> Progress:
        return replace(
            self._progress,
            # What a new history begins with is limited in size; the database has every input.
            newest=tuple(without_inputs(entry) for entry in self._progress.newest),
            outcomes=tuple(self._outcomes.newest.values()),
        )

    # Living: through cancellation requests and new histories, until closed.

    async def _live(self) -> bool:
        """Run to the end of this history. True where another one should follow."""
        while True:
            continues = await self._uncancelled(self._run_history())
            # A request to cancel may have come together with the very last decision.
            if not self._unrecorded:
                return continues

    async def _uncancelled(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry some work through, whatever is asked of the workflow from outside.

        A request to cancel the workflow is not a decision about the booking: it is refused. The
        work runs in a task of its own, so that such a request interrupts nothing.
        """
        task = asyncio.create_task(work)
        while True:
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                # A request reaches us alone. Where the work is cancelled too, the worker makes room
                # in its memory, and we must go: to wait on would spin for ever.
                if task.cancelled():
                    raise
                message = "A workflow is not cancelled from outside: give it a command instead."
                self._note("cancel-workflow", UNNAMED_SERVICE, refuse(Code.NOT_ALLOWED, message))

    async def _run_history(self) -> bool:
        while True:
            continues = await self._run_until_closed()
            # Every update is answered before the history ends, also those that came just now.
            await workflow.wait_condition(workflow.all_handlers_finished)
            if not self._inbox and not self._unrecorded:
                return continues

    # Showing: to operators, and to queries.

    def _show(self, deadline: Deadline | None) -> None:
        headline = self.machine.headline(self._known)
        workflow.set_current_details(
            card(headline, deadline, self._progress.newest, self._progress.refused)
        )

    @workflow.query(name="timeline", description="The newest decisions, and the refusals.")
    def timeline(self) -> dict[str, Any]:
        """The newest lines of the timeline as JSON, with the count of all refusals."""
        return {
            "items": [entry_json(entry) for entry in self._progress.newest],
            "refused": self._progress.refused,
        }


def _as_error(refusal: Refusal) -> ApplicationError:
    details: dict[str, Any] = {
        "errors": [{"field": each.field, "message": each.message} for each in refusal.errors],
    }
    if refusal.free_starts is not None:
        details["free_starts"] = list(refusal.free_starts)
    return ApplicationError(str(refusal), details, type=refusal.code.value, non_retryable=True)
