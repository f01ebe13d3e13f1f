"""The drill in short: one fault under load, and one planted defect that the checker must report."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from dev.trial import Trial, trial
from drills.__main__ import drill
from drills.checker.findings import Promise
from drills.mutants import MUTANTS

SEED = 20
OF_REMINDERS = {Promise.REMINDED_OF_WHAT_IS}


@pytest.fixture
def stack() -> Iterator[Trial]:
    with trial() as started:
        started.start_api(WEBHOOK_ALLOW_PRIVATE="1")
        yield started


async def test_a_killed_worker_costs_nothing_and_a_planted_defect_is_seen(stack: Trial) -> None:
    drilled = await drill(
        stack, seed=SEED, faults=["kill-worker"], seconds=0.5, calm=1.5, workers=1, soon=False
    )
    assert not drilled.findings.broken
    assert set(drilled.findings.idle(frozenset(Promise))) <= OF_REMINDERS
    assert len(drilled.journal.said) > 10

    mutant = MUTANTS["double-count"]
    planted = await mutant.played(stack, random.Random(SEED))
    assert mutant.promise in planted.broken


@pytest.mark.long
async def test_nobody_is_reminded_of_what_is_not_while_a_worker_is_killed(stack: Trial) -> None:
    drilled = await drill(
        stack, seed=SEED, faults=["kill-worker"], seconds=0.5, calm=1.5, workers=1
    )
    assert not drilled.findings.broken
    assert drilled.findings.idle(frozenset(Promise)) == []


@pytest.mark.long
async def test_every_planted_defect_is_seen(stack: Trial) -> None:
    for name, mutant in MUTANTS.items():
        planted = await mutant.played(stack, random.Random(name))
        assert mutant.promise in planted.broken, name
