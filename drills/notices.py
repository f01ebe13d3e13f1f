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
from drills.checker.check import Findings
from drills.checker.notices import check_notices, still_owed
from drills.journal import Journal
from drills.receivers import Receivers, receiving
from drills.settling import settled
from drills.stories import Story
from drills.town import Provider, Town, in_days

log = logging.getLogger("keepdate.drills")

_SUPPORT = "staff-1"
_SERVICE = "notices-drill"
_OWED_SECONDS = 600.0


@dataclass
class ReachableTown(Town):
    """A town whose people have addresses, each of their own."""

    async def reach(self, role: str, person: str) -> None:
        """Where somebody gets mail."""
        path = f"/v1/people/{role}/{person}/notices"
        answer = await self.call(
            "PUT", path, "service", _SERVICE, {"email": f"{person}@drill.example"}
        )
        answer.raise_for_status()

    async def ask(self, provider: Provider, client_id: str, *starts: object) -> str | None:
        """A client asks for a session, and is reached by mail."""
        await self.reach("client", client_id)
        return await super().ask(provider, client_id, *starts)  # type: ignore[arg-type]


async def amended(town: Town, provider: Provider) -> None:
    """Support amends the date, twice in a row for some; some of them cancel after all."""
    start = in_days(9) + timedelta(minutes=town.chance.randrange(40_000))
    client = town.name("c")
    booking = await town.ask(provider, client, start)
    if not booking:
        return
    await town.tell(booking, provider, "provider", provider.id, "confirm", start=start.isoformat())
    for _ in range(town.chance.choice((1, 1, 2))):
        moved = in_days(10) + timedelta(minutes=town.chance.randrange(80_000))
        await town.tell(
            booking, provider, "support", _SUPPORT, "reschedule-approved",
            start=moved.isoformat(), initiated_by="client",
        )  # fmt: skip
        await asyncio.sleep(town.chance.random())
    if town.chance.random() < 0.4:  # noqa: PLR2004
        await town.tell(booking, provider, "client", client, "cancel", reason="Ill.")


LONG: dict[Story, int] = {
    amended: 6,
    stories.asked_to_cancel: 3,
    stories.cancelled: 2,
    stories.completed: 3,
    stories.declined: 1,
    stories.reminded: 3,
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
        [worker] = await asyncio.to_thread(
            stack.start_workers,
            SMTP_URL=f"smtp://127.0.0.1:{world.smtp_port}",
            MAIL_FROM="Keepdate <bookings@drill.example>",
            WEBHOOK_ALLOW_PRIVATE="1",
        )
        client = await Client.connect(stack.temporal.address)
        town = ReachableTown(http=http, temporal=client, chance=chance, journal=journal)
        await town.settle(plan.providers)
        for provider in town.providers:
            await town.reach("provider", provider.id)
        world.secret = await _listen(town, f"http://127.0.0.1:{world.http_port}/hook")
        await _play(stack, town, plan, worker)
        await settled(client, stack.database_url, journal)
        await _all_ended(stack.database_url)
        findings, figures = await check_notices(client, stack.database_url, world)
    return Told(findings=findings, figures={"commands": len(journal.said), **figures})


async def _listen(town: Town, url: str) -> str:
    """An endpoint that is told of everything; its secret."""
    answer = await town.call("POST", "/v1/webhooks", "service", _SERVICE, {"url": url})
    secret: str = answer.raise_for_status().json()["secret"]
    return secret


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


async def _all_ended(database_url: str) -> None:
    ends = time.monotonic() + _OWED_SECONDS
    while time.monotonic() < ends:
        if not await asyncio.to_thread(still_owed, database_url):
            return
        await asyncio.sleep(0.5)


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
    for name, figure in told.figures.items():
        print(f"  {name:<50} {figure:>6}")
    for promise, number in sorted(told.findings.checked.items()):
        broken = told.findings.broken.get(promise, [])
        print(f"  {promise:<50} {number:>6} checked {len(broken):>6} broken")
        for each in broken[:10]:
            print(f"      {each}")
    broken_in_all = sum(map(len, told.findings.broken.values()))
    seconds = time.monotonic() - began
    print(f"\nseed {seed}, {seconds:.0f} s: {broken_in_all or 'nothing'} is not as promised")
    sys.exit(1 if broken_in_all else 0)


if __name__ == "__main__":
    main()
