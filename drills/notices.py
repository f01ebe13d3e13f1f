"""`python -m drills.notices`: whether everybody is told, once, of what is so, by servers that fail.

Bookings are made, amended, cancelled and completed at random while the worker is killed again and
again. A mail server and an endpoint on this machine fail, hang, and take in what they say they did
not. In the end, the ledger is held against what they took in.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import httpx
from temporalio.client import Client

from dev.trial import Trial, trial
from drills import stories
from drills.checker.findings import OF_NOTICES, Findings
from drills.checker.notices import check_notices
from drills.journal import Journal
from drills.reachable import ReachableTown
from drills.receivers import Receivers, receiving
from drills.report import report
from drills.settling import all_told, settled
from drills.stories import Story
from drills.town import Town

log = logging.getLogger("keepdate.drills")

_AHEAD = timedelta(minutes=10)
"""Sessions that end so soon are waited for: of their end, too, somebody is told."""


LONG: dict[Story, int] = {
    stories.amended: 6,
    stories.asked_to_cancel: 3,
    stories.cancelled: 2,
    stories.completed: 3,
    stories.declined: 1,
    stories.postponed: 2,
    stories.reminded: 2,
    stories.rescheduled: 3,
    stories.withdrawn: 1,
}
"""What happens, and how often compared to the rest."""

SHORT = {story: weight for story, weight in LONG.items() if story is not stories.completed}
"""What is over in a few seconds."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much happens, how much of it at once, and how often the worker is killed meanwhile."""

    providers: int
    bookings: int
    kills: int
    at_once: int
    down_seconds: float
    stories: dict[Story, int]
    fail: float
    hang: float


LONG_PLAN = Plan(
    providers=12,
    bookings=500,
    kills=10,
    at_once=10,
    down_seconds=2,
    stories=LONG,
    fail=0.25,
    hang=0.01,
)
SHORT_PLAN = Plan(
    providers=3,
    bookings=25,
    kills=1,
    at_once=10,
    down_seconds=0,
    stories=SHORT,
    fail=0.25,
    hang=0,
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of a drill."""

    findings: Findings
    figures: dict[str, int]


async def drill(stack: Trial, plan: Plan, seed: int) -> Told:
    """Plays it through, and holds the ledger against what was taken in."""
    chance, journal = random.Random(seed), Journal()
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=0)
    world = Receivers(chance=random.Random(seed), fail=plan.fail, hang=plan.hang)
    async with (
        receiving(world),
        httpx.AsyncClient(base_url=stack.api_url, timeout=20, limits=limits) as http,
    ):
        [worker] = await asyncio.to_thread(lambda: stack.start_workers(1, **world.settings))
        client = await Client.connect(stack.temporal.address)
        town = ReachableTown(http=http, temporal=client, chance=chance, journal=journal)
        await town.settle(plan.providers)
        async with town.listening(world):
            await _play(stack, town, plan, worker)
            await settled(client, stack.database_url, journal)
            await all_told(stack.database_url, ahead=_AHEAD)
            findings, figures = await check_notices(client, stack.database_url, world.log)
    return Told(findings=findings, figures={"commands": len(journal.said), **figures})


async def _play(stack: Trial, town: Town, plan: Plan, worker: str) -> None:
    """Lets a few stories go on at any time, and kills the worker at even distances."""
    names, weights = list(plan.stories), list(plan.stories.values())
    every = plan.bookings // (plan.kills + 1)
    numbers, alive = iter(range(1, plan.bookings + 1)), asyncio.Lock()

    async def one_after_the_other() -> None:
        for number in numbers:
            if number % every == 0 and number // every <= plan.kills:
                async with alive:
                    await _killed(stack, worker, plan.down_seconds)
                log.info("%d of %d bookings, killed", number, plan.bookings)
            story = town.chance.choices(names, weights)[0]
            await story(town, town.chance.choice(town.providers))

    async with asyncio.TaskGroup() as group:
        for _ in range(plan.at_once):
            group.create_task(one_after_the_other())


async def _killed(stack: Trial, worker: str, seconds: float) -> None:
    """The worker dies at once, and comes back a while later."""
    await asyncio.to_thread(stack.kill, worker)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(stack.again, worker)


def run(plan: Plan, seed: int) -> Told:
    """A drill on a stack of its own."""
    with trial() as stack:
        stack.start_api(WEBHOOK_ALLOW_PRIVATE="1")
        return asyncio.run(drill(stack, plan, seed))


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the long drill, and prints what was found."""
    parser = argparse.ArgumentParser(prog="python -m drills.notices", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeats a drill; every drill prints its own")
    parser.add_argument("--short", action="store_true", help="the one that the tests run")
    given = parser.parse_args(arguments)
    seed = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    print(f"seed {seed}", flush=True)
    logging.basicConfig(format="  %(message)s")
    log.setLevel(logging.INFO)
    began = time.monotonic()
    told = run(SHORT_PLAN if given.short else LONG_PLAN, seed)
    broken = report(told.findings, OF_NOTICES, told.figures)
    seconds = time.monotonic() - began
    print(f"\nseed {seed}, {seconds:.0f} s: {broken or 'nothing'} is not as promised")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
