"""The activity that delivers what the ledger owes, through the outlet of its channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.notices.ledger import Owed
from domain.party import Party

DELIVER = "deliver"


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A notice on its way out: a row of the ledger that is still owed, at its newest attempt."""

    id: str
    to: Party
    kind: str
    provider_id: str
    booking_id: str | None
    booking_revision: int | None
    session_start: datetime | None
    due_at: datetime
    created_at: datetime
    event_id: int | None
    webhook_id: str | None
    attempt: int


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What the other side answered, for the log; and what is owed in consequence."""

    answer: str
    owed: tuple[Owed, ...] = ()


class UndeliverableError(Exception):
    """It can never be delivered: the other side refused it for good. It ends as failed."""


class NotWantedError(Exception):
    """Nobody is there for it any more, or wants it by this channel. It ends as skipped."""


class NotDeliveredError(Exception):
    """This attempt failed; a later one may not. `owed` is what is owed in consequence."""

    def __init__(self, answer: str, *, owed: tuple[Owed, ...] = ()) -> None:
        super().__init__(answer)
        self.owed = owed


class Outlet(Protocol):
    """One channel to the outside. Called again after a crash, with the same notice and id."""

    async def send(self, notice: Outgoing) -> Sent:
        """Deliver it, within 25 seconds.

        Raises UndeliverableError, NotWantedError, NotDeliveredError. Any other error counts as an
        attempt that failed.
        """
