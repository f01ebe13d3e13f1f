"""`python -m drills`: breaks a stack under load, fault by fault and then at random, and checks.

`--seed` repeats a drill; every drill prints its own. `--mutation NAME` plants a defect, which the
checker must report; `--mutation all` plants each in turn. The exit code is 1 where something is not
as promised: of a drill, where anything was found; of a mutation, where nothing was.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import httpx
from temporalio.client import Client

from dev.trial import Trial, trial
from drills.checker.check import Findings, check
from drills.faults import FAULTS, Scene
from drills.journal import Journal
from drills.mutants import MUTANTS
from drills.settling import settled
from drills.stories import STORIES, Story
from drills.town import Town

_STORIES_A_SECOND = 2.0
_PROVIDERS = 8


async def load(town: Town, *, until: asyncio.Event, a_second: float = _STORIES_A_SECOND) -> None:
    """Lets stories begin at a steady pace until told to stop, and waits for their ends."""
    stories, weights = list(STORIES), list(STORIES.values())
    async with asyncio.TaskGroup() as group:
        while not until.is_set():
            story: Story = town.chance.choices(stories, weights)[0]
            group.create_task(story(town, town.chance.choice(town.providers)))
            await asyncio.sleep(1 / a_second)


async def drill(
    stack: Trial, *, seed: int, faults: Iterable[str], seconds: float, calm: float
) -> tuple[Journal, Findings]:
    """Goes through the faults under load; what was said, and what does not hold afterwards."""
    journal = Journal()
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=stack.api_url, timeout=20, limits=limits) as http:
        client = await Client.connect(stack.temporal.address)
        town = Town(http=http, temporal=client, chance=random.Random(seed), journal=journal)
        workers = [name for name in stack.parts if name.startswith("worker")]
        scene = Scene(stack=stack, town=town, workers=workers)
        await town.settle(_PROVIDERS)
        stop = asyncio.Event()
        loading = asyncio.create_task(load(town, until=stop))
        await asyncio.sleep(calm)
        for name in faults:
            began = time.monotonic()
            await FAULTS[name](scene, seconds)
            await asyncio.sleep(calm)
            print(f"  {name:<20} over after {time.monotonic() - began:.0f} s", flush=True)
        stop.set()
        await loading
        await settled(client, stack.database_url, journal)
        return journal, await check(client, stack.database_url, journal)


def report(journal: Journal, findings: Findings) -> int:
    """Prints what was found; how much of it."""
    acknowledged = sum(each.acknowledged for each in journal.said)
    print(
        f"\n{len(journal.said)} commands to {len(journal.bookings)} bookings of"
        f" {len(journal.providers)} providers; {acknowledged} acknowledged"
    )
    for promise, number in sorted(findings.checked.items()):
        broken = findings.broken.get(promise, [])
        print(f"  {promise:<40} {number:>6} checked {len(broken):>6} broken")
        for each in broken[:10]:
            print(f"      {each}")
    return sum(map(len, findings.broken.values()))


def main() -> None:
    """Runs the drill that the command line asks for."""
    given = _parser().parse_args()
    seed = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    print(f"seed {seed}", flush=True)
    with trial() as stack:
        stack.start_workers(2)
        stack.start_api()
        if given.mutation is not None:
            names = list(MUTANTS) if given.mutation == "all" else [given.mutation]
            unseen = [name for name in names if not _mutation(stack, name, seed)]
            sys.exit(1 if unseen else 0)
        faults = given.faults or list(FAULTS)
        chance = random.Random(seed)
        faults += [chance.choice(given.faults or list(FAULTS)) for _ in range(given.random)]
        journal, findings = asyncio.run(
            drill(stack, seed=seed, faults=faults, seconds=given.seconds, calm=given.calm)
        )
        if given.journal is not None:
            journal.write(given.journal)
        broken = report(journal, findings)
    print(f"\nseed {seed}: {broken or 'nothing'} is not as promised")
    sys.exit(1 if broken else 0)


def _mutation(stack: Trial, name: str, seed: int) -> bool:
    """Whether the checker reports a defect that was planted."""
    mutant = MUTANTS[name]
    findings = asyncio.run(mutant.played(stack, random.Random(seed)))
    seen = sorted(findings.broken)
    told = mutant.promise in findings.broken
    print(f"  {name:<20} {'reported' if told else 'NOT reported'}: {', '.join(seen) or 'nothing'}")
    return told


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m drills", description="Breaks a stack under load, and checks what is left."
    )
    parser.add_argument("--seed", type=int, help="repeats the drill of this seed")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, metavar="FAULT", help="only these")
    parser.add_argument("--random", type=int, default=6, help="how many more, at random")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long a fault lasts")
    parser.add_argument("--calm", type=float, default=4.0, help="how long it is quiet in between")
    parser.add_argument("--mutation", choices=[*MUTANTS, "all"], help="plants a defect")
    parser.add_argument("--journal", type=Path, help="where to keep what was said")
    return parser


if __name__ == "__main__":
    main()
