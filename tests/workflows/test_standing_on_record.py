"""A standing whose workflow was lost goes on where the record ends."""

from __future__ import annotations

from datetime import timedelta

from db.ids import new_id
from db.queries.standings import get_standing
from tests.workflows.world import World, in_days, now
from workflows.search_attributes import of_provider
from workflows.snapshot import StandingInput


async def test_a_terminated_standing_begins_again_with_what_is_on_record(world: World) -> None:
    provider_id = f"provider-{new_id()}"
    standing = world.standing(provider_id)

    for number in (1, 2):
        with world.temporal.with_time_skipping_disabled():
            await world.temporal.client.start_workflow(
                "ProviderStanding",
                StandingInput(provider_id=provider_id),
                id=standing.id,
                task_queue=world.task_queue,
                search_attributes=of_provider(provider_id),
            )
        answer = await world.update(
            standing,
            "late-event",
            id=f"late-{number}",
            booking_id=f"booking-{number}",
            kind="cancellation",
            scheduled_start=in_days(2),
            initiated_at=now() - timedelta(minutes=1),
        )
        assert answer["late_cancellations"] == number
        await standing.terminate()

    async with world.engine.connect() as conn:
        recorded = await get_standing(conn, provider_id)
    assert recorded is not None
    assert list(recorded.events) == ["late-1", "late-2"]
