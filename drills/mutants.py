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
from unittest.mock import patch

import httpx
import psycopg
from temporalio import activity
from temporalio.client import Client

from activities import reporting
from db.recording.journal import Journal as Written
from db.recording.slots import Wanted
from dev.trial import Trial
from domain.booking import evolve
from drills import stories
from drills.checker.check import check
from drills.checker.findings import Findings, Promise
from drills.journal import Journal
from drills.settling import settled
from drills.town import Town, in_days
from workflows.inbox import Outcomes

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
    """The same amendment is signalled twice."""
    for provider in town.providers[:_TIMES]:
        start = in_days(12)
        booking = await town.ask(provider, town.name("c"), start)
        if not booking:
            continue
        await _say(town, booking, provider, "confirm", start=start.isoformat())
        town.twice = True
        moved = (start + timedelta(days=3)).isoformat()
        await town.tell_by(
            "signal", booking, provider, "support", "staff-1", "reschedule-approved",
            start=moved, initiated_by="client",
        )  # fmt: skip
        town.twice = False


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
    # The reminder's jitter is thirty seconds at most.
    await asyncio.sleep(36)


async def _say(town: Town, booking: str, provider: Any, command: str, **body: Any) -> None:
    await town.tell_by("http", booking, provider, "provider", provider.id, command, **body)


def _lose_events() -> None:
    whole = Written.event_rows

    def rows(self: Any) -> list[dict[str, Any]]:
        return [row for row in whole(self) if row["type"] != "late-event.reported"]

    patch.object(Written, "event_rows", rows).start()


def _count_twice() -> None:
    once = reporting._signal

    def signal(report: Any) -> dict[str, Any]:
        # A retry that does not know that it is one.
        other = replace(report.event, id=f"{report.event.id}-{random.getrandbits(32)}")
        return once(replace(report, event=other))

    tell = reporting.LateEventReporter.report_late_event

    @activity.defn(name=reporting.REPORT_LATE_EVENT)
    async def told(self, report: reporting.LateEventReport) -> None:  # type: ignore[no-untyped-def]
        await tell(self, report)
        await tell(self, report)

    patch.object(reporting, "_signal", signal).start()
    patch.object(reporting.LateEventReporter, "report_late_event", told).start()


def _skip_dedupe() -> None:
    patch.object(Outcomes, "recall", lambda *_: None).start()
    patch.object(Outcomes, "claim", lambda *_: False).start()


def _allow_overlaps() -> None:
    async def never(*_: Any, **__: Any) -> None:
        return None

    patch.object(Wanted, "refusal", never).start()


def _keep_reminders() -> None:
    moved = evolve.evolve

    def evolved(booking: Any, event: Any) -> Any:
        found = moved(booking, event)
        if event.type == "booking.rescheduled":
            return replace(found, reminders=booking.reminders)
        return found

    patch.object(evolve, "evolve", evolved).start()


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
                conn.execute("ALTER TABLE bookings DROP CONSTRAINT ex_bookings_no_overlap")
        stack.run(f"mutant-{name}", "-m", "drills.mutants", name)
        journal = Journal()
        async with httpx.AsyncClient(base_url=stack.api_url, timeout=20) as http:
            client = await Client.connect(stack.temporal.address)
            town = Town(http=http, temporal=client, chance=chance, journal=journal)
            await town.settle(_TIMES)
            await self.provoke(town)
            await settled(client, stack.database_url, journal)
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
