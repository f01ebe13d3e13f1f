"""The ids that workflows go by: whoever starts one, tells it something or looks for it says these.

They are what keeps two workflows of the same booking, provider or notice from living side by side:
Temporal runs one of an id at a time, whoever begins it.
"""

from __future__ import annotations

from domain.record import Subject

BOOKINGS = "booking/"
"""What the workflow id of every booking begins with."""

STANDINGS = "provider-standing/"
"""What the workflow id of every provider's standing begins with."""

_PREFIXES = {Subject.BOOKING: BOOKINGS, Subject.STANDING: STANDINGS}


def workflow_id_of(subject: Subject, subject_id: str) -> str:
    """The workflow id of a booking or of a provider's standing."""
    return f"{_PREFIXES[subject]}{subject_id}"


def subject_of(workflow_id: str) -> tuple[Subject, str]:
    """Which booking, or whose standing, a workflow is by its id. Raises ValueError for another."""
    for subject, prefix in _PREFIXES.items():
        if workflow_id.startswith(prefix):
            return subject, workflow_id.removeprefix(prefix)
    raise ValueError(f"{workflow_id} is neither a booking nor a standing")


def booking_workflow_id(booking_id: str) -> str:
    """The workflow id of a booking."""
    return workflow_id_of(Subject.BOOKING, booking_id)


def standing_workflow_id(provider_id: str) -> str:
    """The workflow id of a provider's standing."""
    return workflow_id_of(Subject.STANDING, provider_id)


def delivery_workflow_id(notice_id: str) -> str:
    """The workflow id of the delivery of a notice that no other workflow owes."""
    return f"delivery/{notice_id}"
