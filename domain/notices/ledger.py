"""The words of the ledger: the channels of a notice, the states it can be in, and what is owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.party import Party

GIVEN_UP_AFTER = timedelta(hours=24)
"""How long delivering a notice is tried before it ends as failed."""

LONGEST_WAIT = timedelta(hours=1)
"""How long a delivery waits at most between two attempts."""

OVERDUE_AFTER = timedelta(minutes=10)
"""How long a notice may go without an attempt that it should have had, before anybody wonders.

Whoever is to deliver it is told in the moment in which it is owed; where that word is lost with a
worker, a minute later, by the next attempt at the recording. And a reminder of a session that
begins in an hour is still worth sending by then.
"""


class Channel(StrEnum):
    """How a notice reaches whom it is for."""

    INBOX = "inbox"
    """The portal. Reaches everybody, and costs nothing but the row in the ledger."""

    EMAIL = "email"
    WEBHOOK = "webhook"


_CALLED = {Channel.INBOX: "inbox", Channel.EMAIL: "e-mail", Channel.WEBHOOK: "webhook"}
"""What operators read."""


class NoticeState(StrEnum):
    """Where a notice stands. All but the first are final; but what was on its way already when it
    was superseded ends as sent, and a webhook that is sent again is owed again."""

    OWED = "owed"
    SENT = "sent"
    SUPERSEDED = "superseded"
    """The date it speaks of was amended, or the booking closed, before it was sent."""

    SKIPPED = "skipped"
    """There was no point in it, or nobody to send it to; the ledger's reason says which."""

    FAILED = "failed"
    """It was refused for good, or the channel was dead until it was given up."""


@dataclass(frozen=True, kw_only=True)
class Owed:
    """A notice in the ledger that an outlet has yet to deliver. `summary` is for operators."""

    id: str
    channel: Channel
    summary: str

    @classmethod
    def to(cls, recipient: Party, *, id: str, channel: Channel, kind: str) -> Owed:  # noqa: A002
        """A notice to somebody, summed up without anything that is only theirs to read."""
        summary = f"{_CALLED[channel]} {kind} to {recipient}"
        return cls(id=id, channel=channel, summary=summary)


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """How a delivery ended, and what is owed in consequence: an owner told of a dead channel."""

    state: NoticeState
    reason: str | None = None
    owed: tuple[Owed, ...] = ()
