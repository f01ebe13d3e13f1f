"""Defects planted on purpose, to see that the checker can fail.

`python -m drills.mutants NAME` is a worker with one of them.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import psycopg
from temporalio import activity
from temporalio.client import Client

from activities.reporting import REPORT_LATE_EVENT, LateEventReport
from db.schema.booking import NO_OVERLAP
from dev.trial import Trial
from drills import stories
from drills.checker.check import check
from drills.checker.findings import Findings, Promise
from drills.journal import Journal
from drills.seams import CLAIM, EVENT_ROWS, EVOLVE, RECALL, REFUSAL, REPORT
from drills.settling import settled
from drills.town import Town, in_days

_TIMES = 3


async def _late(town: Town) -> None:
    """Providers ask for late cancellations."""
    for provider in town.providers[:_TIMES]:
        start = in_days(2)
        client = town.name("c")
        booking = await town.ask(provider, client, start)
        if booking:
            await _say(town, booking, provider, "confirm", start=start.isoformat())
            await _say(town, booking, provider, "ask-cancel", reason="Away.")
            await town.tell_by("http", booking, provider, "client", client, "cancel", reason="Yes.")


async def _again(town: Town) -> None:
    """A date is amended, amended again, and the first signal arrives once more."""
    for provider in town.providers[:_TIMES]:
        start = in_days(12)
        booking = await town.ask(provider, town.name("c"), start)
        if not booking:
            continue
        await _say(town, booking, provider, "confirm", start=start.isoformat())
        first, _ = [
            await town.tell_by(
                "signal", booking, provider, "support", "staff-1", "reschedule-approved",
                start=(start + timedelta(days=days)).isoformat(), initiated_by="client",
            )
            for days in (3, 4)
        ]  # fmt: skip
        await town.signal(first, "support", "staff-1")


async def _collide(town: Town) -> None:
    """Two bookings of one provider want the same time."""
    await asyncio.gather(*(stories.collided(town, each) for each in town.providers[:_TIMES]))


async def _remind(town: Town) -> None:
    """A date is amended shortly before its reminder is due."""
    for provider in town.providers[:1]:
        start = in_days(0) + timedelta(hours=1, seconds=4)
        booking = await town.ask(provider, town.name("c"), start)
        if booking:
            await _say(town, booking, provider, "confirm", start=start.isoformat())
            await town.tell_by(
                "http", booking, provider, "support", "staff-1", "reschedule-approved",
                start=(start + timedelta(days=20)).isoformat(), initiated_by="client",
            )  # fmt: skip
    # The reminder's jitter is a minute at most.
    await asyncio.sleep(66)


async def _say(town: Town, booking: str, provider: Any, command: str, **body: Any) -> None:
    await town.tell_by("http", booking, provider, "provider", provider.id, command, **body)


def _lose_events() -> None:
    whole = EVENT_ROWS.found()

    def rows(self: Any) -> list[dict[str, Any]]:
        return [row for row in whole(self) if row["type"] != "late-event.reported"]

    EVENT_ROWS.put(rows)


def _count_twice() -> None:
    tell = REPORT.found()

    @activity.defn(name=REPORT_LATE_EVENT)
    async def told(self, report: LateEventReport) -> None:  # type: ignore[no-untyped-def]
        # A retry that does not know that it is one.
        for attempt in ("once", "again"):
            event = replace(report.event, id=f"{report.event.id}-{attempt}")
            await tell(self, replace(report, event=event))

    REPORT.put(told)


def _skip_dedupe() -> None:
    RECALL.put(lambda *_: None)
    CLAIM.put(lambda *_: False)


def _allow_overlaps() -> None:
    async def never(*_: Any, **__: Any) -> None:
        return None

    REFUSAL.put(never)


def _keep_reminders() -> None:
    moved = EVOLVE.found()

    def evolved(booking: Any, event: Any) -> Any:
        found = moved(booking, event)
        if event.type == "booking.rescheduled":
            return replace(found, reminders=booking.reminders)
        return found

    EVOLVE.put(evolved)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A defect: how it is planted, what brings it to light, and which promise it breaks."""

    plant: Callable[[], None]
    provoke: Callable[[Town], Awaitable[None]]
    promise: Promise
    drops_constraint: bool = False

    async def played(self, stack: Trial, chance: random.Random) -> Findings:
        """Lets a worker with the defect serve some people, and has everything checked."""
        name = next(each for each, mutant in MUTANTS.items() if mutant is self)
        for worker in [each for each in stack.parts if each.startswith(("worker", "mutant"))]:
            await asyncio.to_thread(stack.stop, worker)
        if self.drops_constraint:
            url = stack.database_url.replace("postgresql+psycopg://", "postgresql://")
            with psycopg.connect(url) as conn:
                conn.execute(f"ALTER TABLE bookings DROP CONSTRAINT {NO_OVERLAP}".encode())
        mutant = f"mutant-{name}"
        stack.run(mutant, "-m", "drills.mutants", name)
        journal = Journal()
        async with httpx.AsyncClient(base_url=stack.api_url, timeout=20) as http:
            client = await Client.connect(stack.temporal.address)
            town = Town(http=http, temporal=client, chance=chance, journal=journal)
            await town.settle(_TIMES)
            # Where it could not be planted, the mutant's last words are why.
            await asyncio.to_thread(stack.until, lambda: stack.temporal.has_worker("bookings"))
            await self.provoke(town)
            await settled(client, stack.database_url, journal)
            if stack.parts[mutant].exit_code() is not None:
                raise SystemExit("\n".join(stack.parts[mutant].last_lines()))
            return await check(client, stack.database_url, journal)


MUTANTS = {
    "lost-event": Mutant(plant=_lose_events, provoke=_late, promise=Promise.TOLD_IN_ORDER),
    "double-count": Mutant(plant=_count_twice, provoke=_late, promise=Promise.LATE_COUNTS),
    "skipped-dedupe": Mutant(plant=_skip_dedupe, provoke=_again, promise=Promise.ONCE),
    "stale-reminder": Mutant(
        plant=_keep_reminders, provoke=_remind, promise=Promise.REMINDED_OF_WHAT_IS
    ),
    "overlap-allowed": Mutant(
        plant=_allow_overlaps, provoke=_collide, promise=Promise.NO_OVERLAP, drops_constraint=True
    ),
}
"""Every defect by its name; the one that spoils the database is the last."""


def main() -> None:
    """Serves with a defect."""
    MUTANTS[sys.argv[1]].plant()
    sys.argv = [sys.argv[0], "worker"]
    from cli import main as command  # noqa: PLC0415

    command()


if __name__ == "__main__":
    main()
