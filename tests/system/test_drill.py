"""The drill in short: one fault under load, and one planted defect that the checker must report."""

from __future__ import annotations

import random

import pytest

from dev.trial import trial
from drills.__main__ import drill
from drills.mutants import MUTANTS

pytestmark = pytest.mark.long

SEED = 20


async def test_a_killed_worker_costs_nothing_and_a_planted_defect_is_seen() -> None:
    with trial() as stack:
        stack.start_workers(1)
        stack.start_api()
        journal, findings = await drill(
            stack, seed=SEED, faults=["kill-worker"], seconds=0.5, calm=1.5
        )
        assert not findings.broken
        assert len(journal.said) > 10
        assert findings.checked["late counts"]

        mutant = MUTANTS["double-count"]
        planted = await mutant.played(stack, random.Random(SEED))
        assert mutant.promise in planted.broken
