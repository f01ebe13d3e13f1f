"""The ids that workflows go by: whoever starts one, tells it something or looks for it says these.

They are what keeps two workflows of the same booking, provider or notice from living side by side:
Temporal runs one of an id at a time, whoever begins it.
"""

from __future__ import annotations

BOOKINGS = "booking/"
"""What the workflow id of every booking begins with."""

STANDINGS = "provider-standing/"
"""What the workflow id of every provider's standing begins with."""


def booking_workflow_id(booking_id: str) -> str:
    """The workflow id of a booking."""
    return f"{BOOKINGS}{booking_id}"


def standing_workflow_id(provider_id: str) -> str:
    """The workflow id of a provider's standing."""
    return f"{STANDINGS}{provider_id}"


def delivery_workflow_id(notice_id: str) -> str:
    """The workflow id of the delivery of a notice that no other workflow owes."""
    return f"delivery/{notice_id}"
