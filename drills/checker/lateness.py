"""Who was late, worked out anew from what was said to each booking, and from nothing else.

A booking is followed through the commands in its history. Whether and for when it was confirmed is
what the search attributes in the history say, for only the database knew which of two won.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drills.checker.histories import Live, Told

LATE = timedelta(days=5)
TO_OPEN_A_CASE = 3


@dataclass
class Followed:
    """A booking as its history tells it."""

    start: datetime | None = None
    over: bool = False
    asked_at: datetime | None = None
    proposed_at: datetime | None = None
    accepted: bool = False
    late_cancellations: int = 0
    late_reschedules: int = 0


def follow(live: Live) -> Followed:
    """What came of a booking, and what of it was late."""
    booking = Followed()
    starts = [
        _moment(each["ScheduledStart"])
        for each in live.attributes
        if each.get("BookingState") == "confirmed" and each.get("ScheduledStart")
    ]
    done: set[str | None] = set()
    for told in live.told:
        if told.refused or (told.command_id and told.command_id in done) or booking.over:
            continue
        if _legal_sender(told) and _apply(booking, told, starts[0] if starts else None):
            done.add(told.command_id)
    return booking


def _apply(  # noqa: PLR0912 - a case a command
    booking: Followed, told: Told, confirmed: datetime | None
) -> bool:
    at = _moment(told.body.get("at")) or told.at.replace(tzinfo=UTC)
    match told.name:
        case "confirm":
            if booking.start is not None or _moment(told.body.get("start")) != confirmed:
                return False
            booking.start = confirmed
        case "decline":
            if booking.start is not None:
                return False
            booking.over = True
        case "ask-cancel":
            if booking.start is None or booking.asked_at is not None:
                return False
            booking.asked_at = at
        case "propose-reschedule":
            if booking.start is None or booking.proposed_at is not None:
                return False
            booking.proposed_at = at
            booking.late_reschedules += booking.start - at <= LATE
        case "answer-reschedule":
            return _answer(booking, told)
        case "reschedule-approved":
            if booking.start is None:
                return False
            booking.start = _moment(told.body.get("start"))
            booking.proposed_at = booking.asked_at = None
            booking.accepted = False
        case "cancel":
            _cancel(booking)
        case _:
            return False
    return True


def _answer(booking: Followed, told: Told) -> bool:
    if booking.proposed_at is None or booking.accepted:
        return False
    if told.body.get("accept"):
        booking.accepted = True
    elif told.body.get("cancel"):
        # The proposal's fault: if it was late, it has been counted already.
        booking.over = True
    else:
        booking.proposed_at = None
    return True


def _cancel(booking: Followed) -> None:
    booking.over = True
    if booking.start is None or booking.proposed_at is not None:
        return
    if booking.asked_at is not None:
        booking.late_cancellations += booking.start - booking.asked_at <= LATE


_MAY = {
    "confirm": "provider",
    "decline": "provider",
    "ask-cancel": "provider",
    "propose-reschedule": "provider",
    "answer-reschedule": "client",
}


def _legal_sender(told: Told) -> bool:
    role = (told.body.get("by") or {}).get("role")
    allowed = (
        {"service", _MAY[told.name]} if told.name in _MAY else {"client", "support", "service"}
    )
    return role in allowed


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
