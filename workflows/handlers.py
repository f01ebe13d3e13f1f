"""The handlers of a command: a signal and an update of the same name, taking the same object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

from workflows.payloads import NOTHING

# The hint must be RawValue exactly, with a default: a signal that cannot be decoded to its hint
# is dropped without a trace, and one with no argument would stick the workflow. And `self` must
# have no hint, or the SDK takes it for an argument of the message.


def signal_handler(name: str, description: str) -> Callable[..., None]:
    """Takes a command that nobody waits for; what is wrong with it is put on record."""

    @workflow.signal(name=name, description=description)
    def take(self, message: RawValue = NOTHING) -> None:  # type: ignore[no-untyped-def]
        self._take_signal(name, message)

    return take


def update_handler(name: str, description: str) -> Callable[..., Any]:
    """Takes a command and answers it, once what it decided is on record."""

    @workflow.update(name=name, description=description)
    async def take(self, message: RawValue = NOTHING) -> dict[str, Any]:  # type: ignore[no-untyped-def]
        answer: dict[str, Any] = await self._take_update(name, message)
        return answer

    @take.validator
    def validate(self, message: RawValue = NOTHING) -> None:  # type: ignore[no-untyped-def]
        self._validate_update(name, message)

    return take
