"""The delivery of one notice that no other workflow owes: one that is sent again, or the API's."""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from activities.delivering import DELIVERING
    from workflows.deliveries import Deliveries
    from workflows.payloads import NOTHING
    from workflows.start import read_owed

ASKED = "asked"
"""The signal that comes with every start of a delivery."""


@workflow.defn(name="Delivery")
class DeliveryWorkflow:
    """A delivery tries until the notice has ended in the ledger, and then ends too.

    A request to cancel it stops the attempts, and leaves the notice owed: what is owed and nobody
    delivers is taken up again by the next `Sweep` that finds it overdue.
    """

    @workflow.init
    def __init__(self, given: RawValue = NOTHING) -> None:
        del given
        self._asked = True
        self._deliveries = Deliveries()

    @workflow.run
    async def run(self, given: RawValue = NOTHING) -> None:
        """Deliver a notice, and what is owed in consequence."""
        owed = read_owed(given)
        while self._asked:
            self._asked = False
            self._deliveries.start([owed])
            await workflow.wait_condition(lambda: not self._deliveries)

    @workflow.signal(name=ASKED, description="The notice is owed, maybe once more.")
    def ask(self, message: RawValue = NOTHING) -> None:
        """Come with every start, which may find a delivery that is just about to end.

        Temporal lets no workflow end while a signal waits. So what was owed anew by then is
        delivered by one more round; where nothing was, the round finds that at once.
        """
        del message
        self._asked = True

    @workflow.query(name=DELIVERING, description="The notices that it is delivering.")
    def delivering(self) -> list[str]:
        """The ids of the notices that are under way: its own, and what follows from that."""
        return self._deliveries.under_way
