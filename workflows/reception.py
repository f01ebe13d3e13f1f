"""Where messages arrive: they are read, and put into the inbox; nothing is decided here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Generic, NoReturn

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.refusal import Code, FieldError, Refusal, refuse
    from workflows import measures
    from workflows.inbox import Answer, Arrived, C, Inbox, Outcomes
    from workflows.machine import E, Machine, S
    from workflows.messages import decode, malformed
    from workflows.payloads import NOTHING, json_of


class Reception(Generic[S, C, E]):
    """What the handlers of a workflow call. They change nothing but the inbox."""

    machine: Machine[S, C, E]

    def __init__(self) -> None:
        self._state: S | None = None
        self._inbox: Inbox[C] = Inbox()
        self._outcomes = Outcomes()
        self._idle = False

    @property
    def _known(self) -> S:
        if self._state is None:
            raise ApplicationError("not begun", type=Code.MALFORMED, non_retryable=True)
        return self._state

    def _misses(self, asked: Any) -> bool:
        """Whether the state lacks something that this is about; by default, it is whole."""
        del asked
        return False

    def _take_signal(self, name: str, payload: RawValue) -> None:
        self._inbox.put(Arrived(name=name, content=self._read(name, payload)))

    async def _take_update(self, name: str, payload: RawValue) -> dict[str, Any]:
        content = self._read(name, payload)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        arrived = Arrived(name=name, content=content, answer=answer)
        self._inbox.put(arrived)
        refusal = await answer
        if refusal is not None:
            raise _as_error(refusal)
        return self.machine.json(self._known, arrived.by, workflow.now())

    async def _turn_all_away(self, refusal: Refusal) -> None:
        """Answer whoever waits with the reason why nothing begins here, before the workflow ends.

        A signal has nobody to answer, and nothing is on record that its refusal could be put to.
        """
        while not workflow.all_handlers_finished():
            while self._inbox:
                arrived = self._inbox.take(workflow.now())
                if arrived.answer is not None:
                    arrived.answer.set_result(refusal)
            await workflow.wait_condition(
                lambda: bool(self._inbox) or workflow.all_handlers_finished()
            )

    def _validate_update(self, name: str, payload: RawValue) -> None:
        """Refuse without leaving a trace in the history, where that can be told at once.

        The loop decides again: between now and then the state may have moved.
        """
        content = self._read(name, payload)
        if isinstance(content, Refusal):
            _turn_away(name, content)
        arrived = Arrived(name=name, content=content)
        if not self._idle or self._inbox or self._outcomes.recall(arrived.key):
            return
        if self._misses(content):
            return
        now = workflow.now()
        due = self.machine.next_deadline(self._known)
        if due is not None and due.at <= now:
            return
        outcome = self.machine.decide(self._known, content, now)
        if isinstance(outcome, Refusal):
            _turn_away(name, outcome)

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


def _turn_away(name: str, refusal: Refusal) -> NoReturn:
    measures.refused(name, refusal)
    raise _as_error(refusal)


def _as_error(refusal: Refusal) -> ApplicationError:
    details: dict[str, Any] = {
        "errors": [{"field": each.field, "message": each.message} for each in refusal.errors],
    }
    if refusal.free_starts is not None:
        details["free_starts"] = list(refusal.free_starts)
    return ApplicationError(str(refusal), details, type=refusal.code.value, non_retryable=True)
