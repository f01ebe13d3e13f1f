"""How activities begin a standing, of whom nothing was known, and a booking that was lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from domain.booking.decide import NewRequest
from domain.booking.state import Booking
from domain.workflow_ids import booking_workflow_id, standing_workflow_id

TASK_TIMEOUT = timedelta(seconds=4)
"""How long Temporal waits for a worker that has taken a task of a workflow, and says nothing.

It is how long a decision waits whose worker was killed. A worker that lives says so in time, even
where a recording takes longer. Raw starts have Temporal's ten seconds, and no harm comes of that.
"""


async def begin_standing(
    client: Client,
    task_queue: str,
    provider_id: str,
    *,
    signal: str | None = None,
    told: Mapping[str, Any] | None = None,
) -> None:
    """Begins a standing unless it goes on, and tells it something by a signal.

    By name and in plain JSON, as any other service would; the standing gives itself the search
    attributes, which only the workflows know.
    """
    await client.start_workflow(
        "ProviderStanding",
        {"provider_id": provider_id},
        id=standing_workflow_id(provider_id),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_signal=signal,
        start_signal_args=[] if told is None else [told],
        task_timeout=TASK_TIMEOUT,
        static_summary=f"The standing of {provider_id}",
    )


async def begin_booking_again(client: Client, task_queue: str, booking: Booking) -> None:
    """Begins the workflow of a booking that Temporal has lost; it goes on where the record ends.

    It begins as it did when it was asked for, and is told at its first recording what is there.
    """
    wanted = NewRequest(
        booking_id=booking.id,
        topic_id=booking.topic_id,
        provider_id=booking.provider_id,
        client_id=booking.client_id,
        preferred_starts=booking.preferred_starts,
        duration_minutes=booking.duration_minutes,
        title=booking.title,
        note=booking.note,
        policy=booking.policy,
    )
    await client.start_workflow(
        "Booking",
        {"request": wanted, "again": True},
        id=booking_workflow_id(booking.id),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        task_timeout=TASK_TIMEOUT,
        static_summary=f"{booking.client_id} asked {booking.provider_id} for a session",
    )
