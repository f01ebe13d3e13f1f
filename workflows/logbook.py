"""The lines of a workflow's own timeline: what is on record, and what has yet to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

from domain.account import Account, Recording
from domain.record import REFUSALS_KEPT, Entry
from workflows.entries import newest, without_long_inputs
from workflows.fitting import newest_that_fit
from workflows.machine import E, S
from workflows.snapshot import Progress

RECORDINGS_KEPT = 200
"""So many of the newest recordings of a history are kept whole in memory, to repair the database
by: a booking's are far fewer, a standing's may be many more."""

TOLD_AT_ONCE = 20
"""So many recordings are in the answer to one query, where their texts leave room for as many."""

TOLD_BYTES = 250_000
"""What recordings, or lines, may weigh in the answer to one query, beside the state."""

HANDED_OVER_BYTES = 150_000
"""What lines may weigh that the next history begins with: a line may tell a whole reason."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What is about to be written down: its numbers, its lines, and the refusals among them."""

    number: int
    first_seq: int
    entries: tuple[Entry, ...]
    refused: int
    refusals: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class OnRecord(Generic[S, E]):
    """What is on record under the number of a draft, and under all later ones, instead of it.

    A task that was lost (its worker was killed, or a message came in the very moment in which the
    workflow wanted to end) had decided and recorded it. It has happened: the workflow follows.
    """

    number: int
    state: S
    first_seq: int
    events: tuple[E, ...]
    entries: tuple[Entry, ...]
    refused: int


class Logbook:
    """Numbers everything that is recorded, and remembers the newest of it."""

    def __init__(self) -> None:
        self.progress = Progress()
        self.unrecorded: tuple[Entry, ...] = ()
        # A tuple: most workflows have few, and a deque has room for sixty from the start.
        self._kept: tuple[Recording[Any], ...] = ()
        self._writing: int | None = None
        self.refused_on_record = 0

    def go_on_from(self, progress: Progress) -> None:
        """Begin where another history, or the record, ended."""
        self.progress = progress
        self.refused_on_record = progress.refused

    def account(self, state: S | None, before: int | None) -> Account[S, Any]:
        """What is on record, with the newest recordings, or the newest `before` some number."""
        known = [each for each in self._kept if before is None or each.number < before]
        told = newest_that_fit(known[-TOLD_AT_ONCE:], TOLD_BYTES)
        return Account(
            state=state,
            number=self.progress.recordings,
            lines=self.progress.lines,
            events=self.progress.events,
            refused=self.refused_on_record,
            writing=self._writing,
            recordings=told,
            older=len(known) > len(told),
            newest=self.newest_lines if before is None else (),
        )

    @property
    def newest_lines(self) -> tuple[Entry, ...]:
        """The newest lines, as many as fit into the answer to a query."""
        return newest_that_fit(self.progress.newest, TOLD_BYTES)

    def note(self, refusal: Entry) -> None:
        """Keep a refusal until something is recorded; of a flood of them, the newest."""
        self.unrecorded = (*self.unrecorded, refusal)[-REFUSALS_KEPT:]
        self.progress = replace(self.progress, refused=self.progress.refused + 1)

    def draft(self, decided: Sequence[Entry]) -> Draft:
        """The next record: first what was refused so far, then what was decided."""
        lines = enumerate((*self.unrecorded, *decided), self.progress.lines + 1)
        self._writing = self.progress.recordings + 1
        return Draft(
            number=self.progress.recordings + 1,
            first_seq=self.progress.events + 1,
            entries=tuple(replace(entry, seq=seq) for seq, entry in lines),
            refused=self.progress.refused,
            refusals=self.unrecorded,
        )

    def refused(self, draft: Draft) -> None:
        """The database has refused it: nothing was written, and its number is used up."""
        self._writing = None
        self.progress = replace(self.progress, recordings=draft.number)

    def written(self, draft: Draft, events: Sequence[Any], revision: int) -> None:
        """It is on record, with these events."""
        # More may have been noted while it was being written.
        self.unrecorded = tuple(
            entry for entry in self.unrecorded if not any(entry is done for done in draft.refusals)
        )
        self._keep(draft.number, revision, draft.first_seq, events, draft.entries, draft.refused)
        self.progress = replace(
            self.progress,
            recordings=draft.number,
            lines=self.progress.lines + len(draft.entries),
            events=self.progress.events + len(events),
            newest=newest((*self.progress.newest, *draft.entries)),
        )

    def adopt(self, found: OnRecord[S, E]) -> None:
        """Go on from what is on record instead of a draft."""
        self._strike_out(found.entries)
        self._keep(
            found.number,
            found.state.revision,
            found.first_seq,
            found.events,
            found.entries,
            found.refused,
        )
        last = found.entries[-1].seq if found.entries else 0
        self.progress = replace(
            self.progress,
            recordings=found.number,
            lines=max(self.progress.lines, last),
            events=found.first_seq - 1 + len(found.events),
            refused=max(self.progress.refused, found.refused + len(self.unrecorded)),
            newest=newest((*self.progress.newest, *found.entries)),
        )

    def handed_over(self) -> Progress:
        """What the next history goes on with."""
        lines = tuple(without_long_inputs(entry) for entry in self.progress.newest)
        return replace(self.progress, newest=newest_that_fit(lines, HANDED_OVER_BYTES))

    def _keep(
        self,
        number: int,
        revision: int,
        first_seq: int,
        events: Sequence[Any],
        entries: Sequence[Entry],
        refused: int,
    ) -> None:
        self._writing = None
        self.refused_on_record = refused
        recording = Recording(
            number=number,
            revision=revision,
            first_seq=first_seq,
            events=tuple(events),
            entries=tuple(entries),
        )
        self._kept = (*self._kept, recording)[-RECORDINGS_KEPT:]

    def _strike_out(self, recorded: Sequence[Entry]) -> None:
        """Forget refusals that the lost task has recorded: the same signals were refused again."""
        there = Counter(_of(entry) for entry in recorded if entry.outcome == "refused")
        left = []
        for entry in self.unrecorded:
            if there[_of(entry)]:
                there[_of(entry)] -= 1
            else:
                left.append(entry)
        self.unrecorded = tuple(left)


def _of(entry: Entry) -> tuple[str, str | None, str]:
    # Not by the text: it can name the time at which the refusal was made.
    return entry.command, entry.code, str(entry.by)
