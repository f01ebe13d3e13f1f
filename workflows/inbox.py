"""What has arrived at a workflow and waits to be decided; and what was decided before."""

from __future__ import annotations

from asyncio import Future
from bisect import insort
from collections.abc import Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from domain.booking.commands import BookingCommand
from domain.party import UNNAMED_SERVICE, Party
from domain.policy import CLOCK_TOLERANCE
from domain.record import Entry
from domain.refusal import Refusal
from domain.standing.commands import StandingCommand
from workflows.entries import inputs_of
from workflows.fitting import newest_that_fit

REMEMBERED = 500
"""So many of the newest outcomes are remembered, to answer a command that is given twice."""

HANDED_OVER_BYTES = 150_000
"""What outcomes may weigh that the next history begins with: whoever gives a command chooses its
id. Of usual ones, all fit."""

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
    context: Context = field(default_factory=copy_context)
    """On whose behalf it came: what is done about it is logged and traced as theirs."""

    @property
    def by(self) -> Party:
        """Who gives it; a service, if it does not say or cannot be read."""
        by = None if isinstance(self.content, Refusal) else self.content.by
        return by or UNNAMED_SERVICE

    @property
    def given_at(self) -> datetime | None:
        """When it was given, if it says so."""
        return None if isinstance(self.content, Refusal) else self.content.at

    @property
    def key(self) -> str | None:
        """What tells this command from every other; `None` if it does not name itself."""
        if isinstance(self.content, Refusal):
            return None
        return _key(self.by, self.name, self.content.command_id)

    def is_that_of(self, entry: Entry) -> bool:
        """Whether a line of the timeline is about just such a command."""
        if isinstance(self.content, Refusal):
            return False
        ours = (self.by, self.name, self.content.command_id, inputs_of(self.content))
        data = entry.data
        return ours == (entry.by, entry.command, data.get("command_id"), data.get("inputs"))


def _key(by: Party, name: str, command_id: str | None) -> str | None:
    """An id is its giver's own: two people may choose the same one."""
    return f"{by.role}/{by.id}/{name}/{command_id}" if command_id is not None else None


@dataclass
class Outcomes:
    """The newest outcomes, oldest first."""

    newest: dict[str, Outcome] = field(default_factory=dict)
    unclaimed: list[Entry] = field(default_factory=list)
    """Commands that a lost task has carried out, and that will be given again at once."""

    def remember(self, key: str | None, refusal: Refusal | None) -> None:
        """Keep what became of a command, forgetting the oldest."""
        if key is None:
            return
        self.newest[key] = Outcome(key=key, refusal=refusal)
        while len(self.newest) > REMEMBERED:
            del self.newest[next(iter(self.newest))]

    def adopt(self, entries: Sequence[Entry]) -> None:
        """Learn what a lost task has carried out."""
        done = [entry for entry in entries if entry.outcome == "applied"]
        for entry in done:
            self.remember(_key(entry.by, entry.command, entry.data.get("command_id")), None)
        self.unclaimed += done

    def claim(self, arrived: Arrived[C]) -> bool:
        """Whether a lost task has carried this very command out; each such claim holds once."""
        for entry in self.unclaimed:
            if arrived.is_that_of(entry):
                self.unclaimed.remove(entry)
                return True
        return False

    def handed_over(self) -> tuple[Outcome, ...]:
        """What the next history goes on with."""
        return newest_that_fit(tuple(self.newest.values()), HANDED_OVER_BYTES)

    def recall(self, key: str | None) -> Outcome | None:
        """What became of a command that was given before."""
        return self.newest.get(key) if key else None


class Inbox(Generic[C]):
    """Commands that wait to be decided. Handlers put in; the loop alone takes out."""

    def __init__(self) -> None:
        # Lists: they are empty nearly always, and an empty deque is ten times as large.
        self._waiting: list[Arrived[C]] = []
        self._dated: list[Arrived[C]] = []
        """Those that say when they were given, by that: no other goes before what came first."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, arrived: Arrived[C]) -> None:
        """Add one more."""
        self._waiting.append(arrived)
        if arrived.given_at is not None:
            insort(self._dated, arrived, key=_said)

    def given_from(self, now: datetime) -> datetime:
        """When the first of those that wait was given."""
        return _given(self._dated[0], now) if self._dated else now

    def take(self, now: datetime, due: datetime | None = None) -> Arrived[C]:
        """The next to decide: they go as they came, but for one that was given well before.

        After an outage several wait together. To decide one that is judged by now before one that
        was given yesterday would let deadlines pass in between that had not passed yesterday. But
        an `at` that is only a little earlier proves nothing: clocks differ, and what a client does
        because they were asked to may say that it was given before they were asked. Unless what is
        `due` next lies in between: what was given in time is decided in time.
        """
        first = self._waiting[0]
        # Where the earliest does not go before it, none does: of thousands that were sent while
        # nobody was there, each would be compared with all others, in a single task.
        if self._dated and _goes_before(self._dated[0], first, now, due):
            for arrived in self._waiting[1:]:
                if _goes_before(arrived, first, now, due):
                    first = arrived
        self._waiting.remove(first)
        if first.given_at is not None:
            self._dated.remove(first)
        return first


def _goes_before(one: Arrived[C], other: Arrived[C], now: datetime, due: datetime | None) -> bool:
    """Whether one is decided before another that has come earlier."""
    given, before = _given(one, now), _given(other, now)
    # The span, and not the instant before which it was: `at` may be the calendar's first.
    return before - given > CLOCK_TOLERANCE or (due is not None and given < due <= before)


def _given(arrived: Arrived[C], now: datetime) -> datetime:
    """When it was given; now, if it does not say so, or says that it is yet to be."""
    return min(arrived.given_at or now, now)


def _said(arrived: Arrived[C]) -> datetime:
    """When it says that it was given."""
    if arrived.given_at is None:
        raise ValueError("it does not say when it was given")
    return arrived.given_at
