"""How an activity begins the standing of a provider of whom nothing was known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy


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
        id=f"provider-standing/{provider_id}",
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_signal=signal,
        start_signal_args=[] if told is None else [told],
        static_summary=f"The standing of {provider_id}",
    )
