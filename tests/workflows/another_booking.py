"""A booking by other rules, which no history of ours can have come from."""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import RawValue


@workflow.defn(name="Booking")
class AnotherBooking:
    """Waits for an hour before anything else."""

    @workflow.run
    async def run(self, given: RawValue) -> None:
        """Wait."""
        del given
        await workflow.sleep(3600)
