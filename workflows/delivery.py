"""The delivery of one notice that no other workflow owes: one that is sent again, or the API's."""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from workflows.deliveries import Deliveries
    from workflows.payloads import NOTHING
    from workflows.start import read_owed


@workflow.defn(name="Delivery")
class DeliveryWorkflow:
    """A delivery tries until the notice has ended in the ledger, and then ends too.

    A request to cancel it stops the attempts, and leaves the notice owed.
    """

    @workflow.run
    async def run(self, given: RawValue = NOTHING) -> None:
        """Deliver a notice, and what is owed in consequence."""
        deliveries = Deliveries()
        deliveries.start([read_owed(given)])
        await workflow.wait_condition(lambda: not deliveries)
