"""An outlet that does as a test says, so that what is sent when can be told exactly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from activities.delivering import NotDeliveredError, Outgoing, Sent

Plan = Callable[[Outgoing], Awaitable[Sent]]


async def taken(_: Outgoing) -> Sent:
    """What is sent is taken at once."""
    return Sent(answer="250 Taken.")


def failing(times: int) -> Plan:
    """The first attempts at each notice fail."""
    tried: Counter[str] = Counter()

    async def plan(notice: Outgoing) -> Sent:
        tried[notice.id] += 1
        if tried[notice.id] <= times:
            raise NotDeliveredError(f"Not yet, for the {tried[notice.id]}. time.")
        return Sent(answer="250 Taken.")

    return plan


def once(open_: asyncio.Event) -> Plan:
    """Nothing is taken until the gate is opened."""

    async def plan(_: Outgoing) -> Sent:
        if not open_.is_set():
            raise NotDeliveredError("The gate is shut.")
        return Sent(answer="250 Taken.")

    return plan


class ScriptedOutlet:
    """Takes what is sent to it, kind by kind as planned; everything else, at once."""

    def __init__(self) -> None:
        self.tried: list[Outgoing] = []
        self.taken: list[Outgoing] = []
        self.plans: dict[tuple[str, str], Plan] = {}

    def plan(self, booking_id: str, kind: str, plan: Plan) -> None:
        """How notices of a kind about a booking fare."""
        self.plans[booking_id, kind] = plan

    async def send(self, notice: Outgoing) -> Sent:
        """As an outlet does."""
        self.tried.append(notice)
        plan = self.plans.get((notice.booking_id or notice.provider_id or "", notice.kind), taken)
        sent = await plan(notice)
        self.taken.append(notice)
        return sent

    def kinds_taken(self, booking_id: str) -> list[str]:
        """What was sent about a booking, in order."""
        return [each.kind for each in self.taken if each.booking_id == booking_id]

    def attempts(self, booking_id: str, kind: str) -> int:
        """How often notices of a kind about a booking were tried."""
        return sum((each.booking_id, each.kind) == (booking_id, kind) for each in self.tried)
