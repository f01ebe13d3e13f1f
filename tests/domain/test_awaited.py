"""What each booking waits for, and until when."""

from __future__ import annotations

from datetime import datetime

import pytest

from domain.booking.awaited import Awaited, awaited, waits_until
from domain.booking.state import Booking
from tests.domain.examples import SITUATIONS

AWAITED = {
    "pending": Awaited.ANSWER,
    "confirmed": Awaited.END,
    "asked": Awaited.CANCELLATION,
    "proposed": Awaited.CHOICE,
    "accepted": Awaited.AMENDMENT,
}
"""In these situations a booking is open."""


def _limit(booking: Booking) -> datetime | None:
    if booking.reschedule and booking.reschedule.accepted_start:
        return booking.reschedule.accepted_start + booking.duration
    if booking.reschedule:
        return booking.reschedule.lapses_at
    return booking.scheduled_end or booking.expires_at


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_booking_waits_for_one_thing_until_it_is_closed(name: str) -> None:
    booking = SITUATIONS[name]()
    assert awaited(booking) == AWAITED.get(name)
    assert waits_until(booking) == (_limit(booking) if name in AWAITED else None)
