"""What a workflow shows of itself: to operators in the Temporal UI, and to queries."""

from __future__ import annotations

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.delivering import DELIVERING
    from domain.account import Account
    from domain.record import entry_json
    from workflows.deliveries import Deliveries
    from workflows.details import card
    from workflows.inbox import C
    from workflows.logbook import Logbook
    from workflows.machine import Deadline, E, S
    from workflows.reception import Reception


class Showing(Reception[S, C, E]):
    """Shows what is on record and what is under way; changes neither."""

    def __init__(self) -> None:
        super().__init__()
        self._log = Logbook()
        self._deliveries = Deliveries()

    def _show(self, deadline: Deadline | None) -> None:
        headline = self.machine.headline(self._known)
        waits_for = self.machine.waits_for(self._known)
        if self.machine.closed(self._known) and self._deliveries:
            waits_for = f"the delivery of {len(self._deliveries)} notices"
        newest, refused = self._log.progress.newest, self._log.progress.refused
        workflow.set_current_details(card(headline, waits_for, deadline, newest, refused))

    @workflow.query(name="timeline", description="The newest decisions, and the refusals.")
    def timeline(self) -> dict[str, Any]:
        """The newest lines of the timeline as JSON, with the count of all refusals.

        Both tell what is on record: a refusal that is being recorded is in neither.
        """
        return {
            "items": [entry_json(entry) for entry in self._log.newest_lines],
            "refused": self._log.refused_on_record,
        }

    @workflow.query(name=DELIVERING, description="The notices that it is delivering.")
    def delivering(self) -> list[str]:
        """The ids of the notices that are under way."""
        return self._deliveries.under_way

    @workflow.query(name="record", description="All that it knows to be on record, for repairs.")
    def record(self, before: int | None = None) -> Account[Any, Any]:
        """The state with its numbers and newest recordings, or those `before` a number."""
        return self._log.account(self._state, before)
