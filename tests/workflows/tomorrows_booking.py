"""A booking as a later build could have it: it issues one more command after each decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from domain.booking.events import BookingEvent
    from domain.booking.state import Booking
    from workflows.payloads import NOTHING

from workflows.booking import BookingWorkflow

PATCH = "breath-after-a-decision"


@workflow.defn(name="Booking")
class TomorrowsBooking(BookingWorkflow):
    """Takes a breath after each decision. A booking that began without it goes on without it."""

    @workflow.run
    async def run(self, given: RawValue = NOTHING) -> dict[str, Any]:
        """Live as today, but for the breath."""
        return await super().run(given)

    async def _afterwards(self, state: Booking, events: Sequence[BookingEvent]) -> None:
        await super()._afterwards(state, events)
        if workflow.patched(PATCH):
            await workflow.sleep(timedelta(milliseconds=1), summary="a breath")
