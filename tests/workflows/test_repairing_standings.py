"""What was altered or deleted of standings is found, and recorded again from the workflows."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text
from temporalio.client import WorkflowExecutionStatus

from activities.comparing import Comparer
from db.schema import (
    decisions,
    events,
    notices,
    standings,
)
from domain.record import Subject
from tests.workflows.by_hand import by_hand, found_by
from tests.workflows.command_line import CommandLine
from tests.workflows.world import Handle, RefusedError, World, in_days, now


async def _warned(world: World) -> tuple[str, Handle]:
    provider_id, _ = await world.provider_with_topic()
    standing = await world.start_standing(provider_id)
    for number in (1, 2):
        await world.update(
            standing,
            "late-event",
            id=f"{provider_id}-{number}",
            booking_id=f"booking-{number}",
            kind="cancellation",
            scheduled_start=in_days(2),
            initiated_at=now() - timedelta(minutes=number),
        )
    return provider_id, standing


async def _of_provider(world: World, provider_id: str) -> list[str]:
    async with world.engine.connect() as conn:
        found: list[str] = []
        for table, column in ((standings, "provider_id"), (decisions, "subject_id")):
            rows = await conn.execute(select(table).where(table.c[column] == provider_id))
            found += sorted(map(str, rows))
        rows = await conn.execute(
            select(events.c.seq, events.c.type, events.c.data)
            .where(events.c.subject_id == provider_id)
            .order_by(events.c.seq)
        )
        told = await conn.scalars(
            select(notices.c.source).where(notices.c.provider_id == provider_id)
        )
        return [*found, *map(str, rows), *sorted(told)]


async def test_a_deleted_standing_comes_back_whole(world: World, comparer: Comparer) -> None:
    provider_id, standing = await _warned(world)
    before = await _of_provider(world, provider_id)
    of_provider = (
        delete(notices).where(notices.c.provider_id == provider_id),
        delete(decisions).where(decisions.c.subject_id == provider_id),
        delete(events).where(events.c.subject_id == provider_id),
        delete(standings).where(standings.c.provider_id == provider_id),
        text("DELETE FROM standing_late_events WHERE provider_id = :id").bindparams(id=provider_id),
    )
    await by_hand(world, *of_provider)
    done = await found_by(comparer, standing, apply=True)
    assert done.differs == ()
    assert await _of_provider(world, provider_id) == before
    assert await comparer.compared(standing.id, apply=False) is None


async def test_a_standing_whose_first_command_was_refused_lacks_nothing(
    world: World, comparer: Comparer
) -> None:
    provider_id, _ = await world.provider_with_topic()
    standing = await world.start_standing(provider_id)
    with pytest.raises(RefusedError):
        await world.update(standing, "contest-claim", claim_id="nope", note="Never.")
    assert await comparer.compared(standing.id, apply=False) is None
    await world.update(standing, "suspend", reason="Fraud.")
    await by_hand(world, delete(standings).where(standings.c.provider_id == provider_id))
    assert (await found_by(comparer, standing)).differs


async def test_what_a_workflow_has_forgotten_is_said_and_not_invented(
    world: World, comparer: Comparer
) -> None:
    provider_id, standing = await _warned(world)
    # Begun again from the record: what led there, this workflow has never known.
    await standing.terminate()
    standing = await world.start_standing(provider_id)
    await world.update(standing, "suspend", reason="Fraud.")
    await by_hand(
        world, delete(events).where(events.c.subject_id == provider_id, events.c.seq.in_((1, 3)))
    )
    done = await found_by(comparer, standing, apply=True)
    assert done.mended == ()
    assert done.differs == (
        "events: each of events 1, 3 is missing, and its workflow has forgotten it: it cannot be"
        " rebuilt",
    )


async def test_what_is_open_needs_a_workflow(world: World, comparer: Comparer) -> None:
    booking_id = (await world.request()).booking_id
    provider_id, standing = await _warned(world)
    await asyncio.gather(world.booking(booking_id).terminate(), standing.terminate())
    lost = await comparer.without_workflow(Subject.BOOKING, booking_id, apply=True)
    assert lost is not None
    assert lost.differs == ("its workflow was terminated: nobody keeps its deadlines",)
    await CommandLine(world=world).run_as_told(lost.why or "")
    assert await comparer.without_workflow(Subject.BOOKING, booking_id, apply=True) is None
    back = await comparer.without_workflow(Subject.STANDING, provider_id, apply=True)
    assert back is not None
    assert back.mended == ("its workflow was terminated: nobody keeps its deadlines",)
    assert (await standing.describe()).status is WorkflowExecutionStatus.RUNNING
    found = await world.until_standing(standing, lambda it: it is not None)
    assert found["late_cancellations"] == 2
