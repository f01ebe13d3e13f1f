"""What an open booking waits for, and until when: said here, and shown in several places."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from domain.booking.deadlines import DeadlineKind, deadlines
from domain.booking.state import Booking, CancellationStatus, RescheduleStatus, State


class Awaited(StrEnum):
    """The next step of a booking, in words that follow "it waits for"."""

    ANSWER = "the provider's answer"
    CHOICE = "the client's answer to the proposed times"
    AMENDMENT = "support to enter the date that the client has accepted"
    CANCELLATION = "the client, who is asked to cancel"
    END = "the end of the session"


def awaited(booking: Booking) -> Awaited | None:
    """What a booking waits for; `None` once it is closed."""
    if booking.closed:
        return None
    if booking.state is State.PENDING:
        return Awaited.ANSWER
    proposal, cancellation = booking.reschedule, booking.cancellation
    if proposal and proposal.status is RescheduleStatus.PROPOSED:
        return Awaited.CHOICE
    if proposal:
        return Awaited.AMENDMENT
    if cancellation and cancellation.status is CancellationStatus.ASKED:
        return Awaited.CANCELLATION
    return Awaited.END


def waits_until(booking: Booking) -> datetime | None:
    """When something is decided without anybody; `None` once a booking is closed."""
    found = (each.at for each in deadlines(booking) if each.kind is not DeadlineKind.REMIND)
    return next(found, None)
