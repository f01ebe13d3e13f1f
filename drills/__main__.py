"""`python -m drills`: breaks a stack under load, fault by fault and then at random, and checks.

`--seed` repeats a drill; every drill prints its own. `--mutation NAME` plants a defect, which the
checker must report; `--mutation all` plants each in turn. `--fuzz N` breaks nothing, and tries N
times as much that is made up as the tests do. The exit code is 1 where something is not as
promised: of a drill, where anything was found; of a mutation, where nothing was.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
from temporalio.client import Client

from dev.trial import Trial, trial
from drills.checker.check import check
from drills.checker.findings import Findings, Promise
from drills.checker.notices import check_notices
from drills.faults import FAULTS, Scene
from drills.fuzzing import fuzz
from drills.journal import Journal
from drills.mutants import MUTANTS
from drills.prelude import prelude
from drills.reachable import ReachableTown
from drills.receivers import Receivers, receiving
from drills.report import report
from drills.settling import all_told, settled
from drills.stories import SOON, STORIES, Story
from drills.town import Town

_STORIES_A_SECOND = 2.0
_PROVIDERS = 8
_AHEAD = timedelta(seconds=20)
"""Nothing falls due by itself for so long as the checker reads what there is."""


async def load(
    town: Town, *, until: asyncio.Event, a_second: float = _STORIES_A_SECOND, soon: bool = True
) -> None:
    """Lets stories begin at a steady pace until told to stop, and waits for their ends."""
    told = {story: often for story, often in STORIES.items() if soon or story not in SOON}
    stories, weights = list(told), list(told.values())
    async with asyncio.TaskGroup() as group:
        while not until.is_set():
            story: Story = town.chance.choices(stories, weights)[0]
            group.create_task(story(town, town.chance.choice(town.providers)))
            await asyncio.sleep(1 / a_second)


@dataclass(frozen=True, kw_only=True)
class Drilled:
    """What came of a drill: what was said, what was found, and how much there was of it."""

    journal: Journal
    findings: Findings
    figures: dict[str, int]


async def drill(
    stack: Trial,
    *,
    seed: int,
    faults: Iterable[str],
    seconds: float,
    calm: float,
    workers: int = 2,
    soon: bool = True,
) -> Drilled:
    """Goes through the faults under load, on a stack whose API is started; then checks it all.

    Some sessions are `soon`, so that people are reminded of them meanwhile: a minute is waited for.
    """
    journal, chance = Journal(), random.Random(seed)
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=0)
    outside = Receivers(chance=random.Random(seed), fail=0, hang=0)
    async with (
        receiving(outside),
        httpx.AsyncClient(base_url=stack.api_url, timeout=20, limits=limits) as http,
    ):
        names = await asyncio.to_thread(stack.start_workers, workers, **outside.settings)
        client = await Client.connect(stack.temporal.address)
        town = ReachableTown(http=http, temporal=client, chance=chance, journal=journal)
        scene = Scene(stack=stack, town=town, receivers=outside, workers=names)
        await town.settle(_PROVIDERS)
        async with town.listening(outside):
            await _break(scene, faults, seconds, calm, soon=soon)
            await settled(client, stack.database_url, journal)
            await all_told(stack.database_url, ahead=_AHEAD)
            findings = await check(client, stack.database_url, journal)
            of_notices, notices = await check_notices(
                client, stack.database_url, outside.log, stalled=timedelta(seconds=seconds)
            )
    findings.add(of_notices)
    said = {
        "commands": len(journal.said),
        "of them acknowledged": sum(each.acknowledged for each in journal.said),
        "bookings": len(journal.bookings),
        "providers": len(journal.providers),
        "reminders that came due": findings.checked[Promise.REMINDED_OF_WHAT_IS],
    }
    return Drilled(journal=journal, findings=findings, figures={**said, **notices})


async def _break(
    scene: Scene, faults: Iterable[str], seconds: float, calm: float, *, soon: bool
) -> None:
    """One fault after the other, with calm in between, and people who go on all the while."""
    if soon:
        await prelude(scene)
    stop = asyncio.Event()
    loading = asyncio.create_task(load(scene.town, until=stop, soon=soon))
    await asyncio.sleep(calm)
    for name in faults:
        began = time.monotonic()
        await FAULTS[name](scene, seconds)
        await asyncio.sleep(calm)
        print(f"  {name:<20} over after {time.monotonic() - began:.0f} s", flush=True)
    stop.set()
    await loading


def main() -> None:
    """Runs the drill that the command line asks for."""
    given = _parser().parse_args()
    seed = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    print(f"seed {seed}", flush=True)
    if given.fuzz is not None:
        sys.exit(fuzz(given.fuzz, seed))
    with trial() as stack:
        stack.start_api(WEBHOOK_ALLOW_PRIVATE="1")
        if given.mutation is not None:
            names = list(MUTANTS) if given.mutation == "all" else [given.mutation]
            unseen = [name for name in names if not _mutation(stack, name, seed)]
            sys.exit(1 if unseen else 0)
        faults = given.faults or list(FAULTS)
        chance = random.Random(seed)
        faults += [chance.choice(given.faults or list(FAULTS)) for _ in range(given.random)]
        drilled = asyncio.run(
            drill(stack, seed=seed, faults=faults, seconds=given.seconds, calm=given.calm)
        )
        if given.journal is not None:
            drilled.journal.write(given.journal)
        broken = report(drilled.findings, frozenset(Promise), drilled.figures)
    print(f"\nseed {seed}: {broken or 'nothing'} is not as promised")
    sys.exit(1 if broken else 0)


def _mutation(stack: Trial, name: str, seed: int) -> bool:
    """Whether the checker reports a defect that was planted."""
    mutant = MUTANTS[name]
    # People and keys of their own for each, since all of them play on one stack.
    chance = random.Random(f"{seed} {name}")
    findings = asyncio.run(mutant.played(stack, chance))
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
    parser.add_argument("--calm", type=float, default=12.0, help="how long it is quiet in between")
    parser.add_argument("--mutation", choices=[*MUTANTS, "all"], help="plants a defect")
    parser.add_argument("--fuzz", type=int, metavar="N", help="N times as much as the tests try")
    parser.add_argument("--journal", type=Path, help="where to keep what was said")
    return parser


if __name__ == "__main__":
    main()
