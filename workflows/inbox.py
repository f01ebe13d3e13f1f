"""What has arrived at a workflow and waits to be decided; and what was decided before."""

from __future__ import annotations

from asyncio import Future
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from domain.booking.commands import BookingCommand
from domain.refusal import Refusal
from domain.standing.commands import StandingCommand

REMEMBERED = 500
"""So many of the newest outcomes are remembered, to answer a command that is given twice."""

C = TypeVar("C", bound="BookingCommand | StandingCommand")
Answer = Refusal | None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a command that named itself: `refusal`, or applied."""

    key: str
    refusal: Refusal | None = None


@dataclass(kw_only=True, eq=False)
class Arrived(Generic[C]):
    """One message as it came in. `answer` is there for an update; a signal has nobody to answer."""

    name: str
    content: C | Refusal
    answer: Future[Answer] | None = None

    @property
    def key(self) -> str | None:
        """What tells this command from every other; `None` if it does not name itself.

        An id is its giver's own: two people may choose the same one.
        """
        if isinstance(self.content, Refusal) or self.content.command_id is None:
            return None
        by = self.content.by
        giver = f"{by.role}/{by.id}" if by else "-"
        return f"{giver}/{self.name}/{self.content.command_id}"


@dataclass
class Outcomes:
    """The newest outcomes, oldest first."""

    newest: dict[str, Outcome] = field(default_factory=dict)

    def remember(self, key: str | None, refusal: Refusal | None) -> None:
        """Keep what became of a command, forgetting the oldest."""
        if key is None:
            return
        self.newest[key] = Outcome(key=key, refusal=refusal)
        while len(self.newest) > REMEMBERED:
            del self.newest[next(iter(self.newest))]

    def recall(self, key: str | None) -> Outcome | None:
        """What became of a command that was given before."""
        return self.newest.get(key) if key else None


class Inbox(Generic[C]):
    """Commands in the order of their arrival. Handlers put in; the loop alone takes out."""

    def __init__(self) -> None:
        self._waiting: deque[Arrived[C]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, arrived: Arrived[C]) -> None:
        """Add one more."""
        self._waiting.append(arrived)

    def take(self) -> Arrived[C]:
        """The one that has waited longest."""
        return self._waiting.popleft()
