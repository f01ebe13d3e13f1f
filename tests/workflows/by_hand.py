"""What somebody has done to the tables by hand, and what is found of it."""

from __future__ import annotations

from typing import Any

from activities.comparing import Comparer, Finding
from tests.workflows.world import Handle, World


async def by_hand(world: World, *statements: Any) -> None:
    """Alter what is on record, past everything that guards it."""
    async with world.engine.begin() as conn:
        for statement in statements:
            await conn.execute(statement)


async def found_by(comparer: Comparer, handle: Handle, *, apply: bool = False) -> Finding:
    """What a comparer finds with a workflow, where something has to be found."""
    finding = await comparer.compared(handle.id, apply=apply)
    assert finding is not None
    return finding
