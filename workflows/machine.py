"""The rules that a decision loop runs on, as one value: pure functions and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from temporalio.common import SearchAttributeUpdate

from domain.booking.deadlines import Deadline as BookingDeadline
from domain.party import Party
from domain.policy import Policy
from domain.refusal import Refusal
from domain.standing.deadlines import Deadline as StandingDeadline
from workflows.inbox import C
from workflows.messages import Message


class State(Protocol):
    """What the loop itself needs to know of a state."""

    @property
    def decided_at(self) -> datetime: ...

    @property
    def policy(self) -> Policy: ...

    @property
    def revision(self) -> int: ...


S = TypeVar("S", bound=State)
E = TypeVar("E")
Deadline = BookingDeadline | StandingDeadline


@dataclass(frozen=True, kw_only=True)
class Machine(Generic[S, C, E]):
    """A pure machine: what it understands, what it decides, and how it is shown."""

    messages: dict[str, type[Message]]
    decide: Callable[[S, C, datetime], tuple[E, ...] | Refusal]
    elapse: Callable[[S, Any, datetime], tuple[E, ...]]
    evolve: Callable[[S, Sequence[E]], S]
    next_deadline: Callable[[S], Deadline | None]
    closed: Callable[[S], bool]
    rule: Callable[[S, str], str]
    describe: Callable[[E], str]
    attributes: Callable[[S | None, S, Sequence[E]], list[SearchAttributeUpdate[Any]]]
    headline: Callable[[S], str]
    waits_for: Callable[[S], str]
    json: Callable[[S, Party, datetime], dict[str, Any]]
    """The state as this party sees it at this instant."""
