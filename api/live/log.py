"""The newest of what happened, in order, as this process has read it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from db.queries.live import TOLD, Change
from domain.party import Party, Role

SEES_ALL = frozenset({Role.SUPPORT, Role.SERVICE})


@dataclass
class Log:
    """Everything that happened after `begins` and up to `place`, of what people are told of.

    It holds a bounded number of places. Who is further behind cannot be told one by one.
    """

    begins: int
    kept: int

    def __post_init__(self) -> None:
        self.place = self.begins
        self._changes: deque[Change] = deque()

    def extend(self, changes: Iterable[Change]) -> None:
        """Adds what was read next, and forgets the oldest."""
        for change in changes:
            self.place = change.place
            if change.type in TOLD:
                self._changes.append(change)
        self.begins = max(self.begins, self.place - self.kept)
        while self._changes and self._changes[0].place <= self.begins:
            self._changes.popleft()

    def reaches_back_to(self, place: int) -> bool:
        """Whether nothing that happened after a place has been forgotten."""
        return self.begins <= place <= self.place

    def since(self, place: int, viewer: Party) -> list[Change]:
        """What happened after a place that concerns this viewer, in order."""
        # From the newest back, for most streams lack but the last few.
        newer = sum(1 for _ in _while_after(place, self._changes))
        first = len(self._changes) - newer
        return [change for change in islice(self._changes, first, None) if concerns(change, viewer)]


def concerns(change: Change, viewer: Party) -> bool:
    """Whether somebody is told: their own, and to support and services everything."""
    match viewer.role:
        case Role.PROVIDER:
            return change.provider_id == viewer.id
        case Role.CLIENT:
            return change.client_id == viewer.id
        case role:
            return role in SEES_ALL


def _while_after(place: int, changes: deque[Change]) -> Iterable[Change]:
    for change in reversed(changes):
        if change.place <= place:
            return
        yield change
