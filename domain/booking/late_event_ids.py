"""The ids of the late events that a booking reports to its provider's standing.

An event that is reported again, or judged again under other rules, is known by its id.
"""

from __future__ import annotations

from domain.booking.state import Booking


def cancellation_event_id(booking: Booking) -> str:
    """The id of a late cancellation, of which a booking has one at most."""
    return f"{booking.id}-cancellation"


def reschedule_event_id(booking: Booking) -> str:
    """The id of a late reschedule; `booking` is what it was before."""
    # The revision tells one reschedule of a booking from the next, and never repeats.
    return f"{booking.id}-reschedule-{booking.revision}"
