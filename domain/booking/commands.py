"""What people and services can ask of a booking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.booking.state import Initiator
from domain.party import Party


@dataclass(frozen=True, kw_only=True)
class BookingCommand:
    """What every command says: who gives it, when, and an id that makes it safe to repeat.

    `by` left out means the command's own party, carried out by a service that does not name
    itself. `at` left out means now.
    """

    name: ClassVar[str]

    command_id: str | None = None
    by: Party | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Confirm(BookingCommand):
    """The provider takes one of the client's preferred times."""

    name = "confirm"
    start: datetime


@dataclass(frozen=True, kw_only=True)
class Decline(BookingCommand):
    """The provider turns the request down."""

    name = "decline"
    reason: str
    over_scheduling: bool = False


@dataclass(frozen=True, kw_only=True)
class AskCancel(BookingCommand):
    """The provider asks the client to cancel."""

    name = "ask-cancel"
    reason: str


@dataclass(frozen=True, kw_only=True)
class Cancel(BookingCommand):
    """The client cancels, or withdraws a request that is still pending."""

    name = "cancel"
    reason: str
    initiated_by: Initiator | None = None
    initiated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ProposeReschedule(BookingCommand):
    """The provider proposes other times."""

    name = "propose-reschedule"
    starts: tuple[datetime, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class AnswerReschedule(BookingCommand):
    """The client accepts one of the proposed times, or declines, or cancels because none suits."""

    name = "answer-reschedule"
    accept: bool
    start: datetime | None = None
    cancel: bool = False


@dataclass(frozen=True, kw_only=True)
class ApproveReschedule(BookingCommand):
    """Support amends the date, once the client agrees."""

    name = "reschedule-approved"
    start: datetime
    initiated_by: Initiator | None = None
    initiated_at: datetime | None = None


COMMANDS: dict[str, type[BookingCommand]] = {
    command.name: command
    for command in (
        Confirm,
        Decline,
        AskCancel,
        Cancel,
        ProposeReschedule,
        AnswerReschedule,
        ApproveReschedule,
    )
}
