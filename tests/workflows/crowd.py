"""Some five hundred bookings in every state, for whoever must find the right ones among them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.worker import Worker

from domain.booking.decide import NewRequest
from domain.party import Party, Role
from domain.workflow_ids import booking_workflow_id
from tests.db.endpoints import endpoint
from tests.workflows.world import World, in_days, now, together
from workflows.search_attributes import of_request
from workflows.snapshot import BookingInput

Provider = tuple[str, str]
STUCK = 2


@workflow.defn(name="Booking")
class BrokenBooking:
    """A booking that cannot get anywhere."""

    @workflow.run
    async def run(self, given: RawValue) -> None:
        """Fail the task, as a bug of ours would."""
        del given
        raise RuntimeError("broken on purpose")


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """What the crowd did that no query of the database tells."""

    half_way: datetime
    """Some of what happened was before this instant, some after it."""
    stuck: frozenset[str]
    terminated: frozenset[str]


async def gathered(world: World) -> Crowd:
    """Five hundred bookings, mixed; 25 of them at a time."""
    before = await _unrecorded(world)
    # It takes five failed tasks, and so some twenty seconds, to be seen as stuck.
    stuck = asyncio.create_task(_stuck(world))
    providers = [await world.provider_with_topic() for _ in range(24)]
    troubled = providers[:4]
    await _all_of(world, troubled, 12, late_cancellation)
    await _all_of(world, providers, 2, closed_and_still_told)
    half_way = now() + timedelta(seconds=1)
    # What comes next lies in a later second: filters and the database compare at seconds.
    await world.until(_seconds, lambda it: it > half_way)
    await _all_of(world, troubled, 12, late_cancellation)
    for many, life in (
        (240, pending_for_long),
        (150, pending_for_short),
        (30, confirmed_for_soon),
        (20, confirmed_for_later),
        (15, declined),
        (15, withdrawn),
        (8, late_proposal),
        (4, closed_and_still_told),
        (16, refused),
        (4, continued),
    ):
        await _all_of(world, providers, many, life)
    await world.until(lambda: _unrecorded(world), lambda count: count == before + STUCK)
    await together(_standing(world, number) for number in range(12))
    terminated = await _terminated(world)
    return Crowd(half_way=half_way, stuck=await stuck, terminated=frozenset({terminated}))


async def _unrecorded(world: World) -> int:
    """How many have been asked for and are not on record, whoever asked."""
    statement = text(
        "SELECT count(*) FROM booking_intents WHERE booking_id NOT IN (SELECT id FROM bookings)"
    )
    async with world.engine.connect() as connection:
        return int((await connection.execute(statement)).scalar_one())


async def _seconds() -> datetime:
    return now()


async def _all_of(
    world: World,
    providers: list[Provider],
    many: int,
    life: Callable[[World, Provider, int], Awaitable[None]],
) -> None:
    lives = (life(world, providers[number % len(providers)], number) for number in range(many))
    await together(lives)


async def asked(
    world: World, start: datetime, provider: Provider, history_limit: int | None = None
) -> NewRequest:
    """A booking that has been started. Nobody waits for it: there are too many to look after."""
    wanted = await world.wanted(start, provider=provider)
    await world.start(BookingInput(request=wanted, history_limit=history_limit))
    return wanted


async def agreed(world: World, start: datetime, provider: Provider) -> NewRequest:
    """A booking that its provider has confirmed."""
    wanted = await asked(world, start, provider)
    await world.update(wanted.booking_id, "confirm", start=start)
    return wanted


async def pending_for_long(world: World, provider: Provider, number: int) -> None:
    """Half time is after 36 hours."""
    await asked(world, in_days(20 + number), provider)


async def pending_for_short(world: World, provider: Provider, number: int) -> None:
    """Half time is after 12 hours."""
    del number
    await asked(world, in_days(1), provider)


async def confirmed_for_soon(world: World, provider: Provider, number: int) -> None:
    """Begins within a day; the providers have nothing else at that time."""
    del provider, number
    await agreed(world, in_days(0.1), await world.provider_with_topic())


async def confirmed_for_later(world: World, provider: Provider, number: int) -> None:
    """Begins on a day of its own."""
    await agreed(world, in_days(40 + number), provider)


async def declined(world: World, provider: Provider, number: int) -> None:
    """Turned down."""
    wanted = await asked(world, in_days(10 + number), provider)
    await world.update(wanted.booking_id, "decline", reason="No time.")


async def withdrawn(world: World, provider: Provider, number: int) -> None:
    """Withdrawn by the client."""
    wanted = await asked(world, in_days(10 + number), provider)
    await world.update(wanted.booking_id, "cancel", reason="No need.")


async def late_cancellation(world: World, provider: Provider, number: int) -> None:
    """Six of them for each of four providers, which is enough for a case."""
    wanted = await agreed(world, in_days(4 - number / 10), provider)
    await world.update(wanted.booking_id, "ask-cancel", reason="Ill.")
    await world.update(wanted.booking_id, "cancel", reason="They asked.")


async def late_proposal(world: World, provider: Provider, number: int) -> None:
    """Still open; every fourth was cancelled over it, which is the same incident."""
    del provider
    await _proposed_late(
        world, await world.provider_with_topic(), number, cancelled=number % 4 == 0
    )


async def _proposed_late(world: World, provider: Provider, number: int, *, cancelled: bool) -> None:
    wanted = await agreed(world, in_days(3), provider)
    later = [in_days(30 + number)]
    await world.update(wanted.booking_id, "propose-reschedule", starts=later, reason="A trip.")
    if cancelled:
        await world.update(wanted.booking_id, "cancel", reason="That does not suit me.")


async def closed_and_still_told(world: World, provider: Provider, number: int) -> None:
    """Cancelled late, or over a late proposal; and an endpoint that cannot be called is owed word
    of it, for which the workflow runs on.
    """
    provider = await world.provider_with_topic()
    owner = Party(role=Role.PROVIDER, id=provider[0])
    await endpoint(
        world.engine, "booking.cancelled", owner=owner, url="https://127.0.0.1/", now=now()
    )
    if number % 2:
        await _proposed_late(world, provider, number, cancelled=True)
    else:
        await late_cancellation(world, provider, number)


async def refused(world: World, provider: Provider, number: int) -> None:
    """Pending, with signals on record that could not be carried out."""
    wanted = await asked(world, in_days(50 + number), provider)
    await world.signal(world.booking(wanted.booking_id), "nonsense")


async def continued(world: World, provider: Provider, number: int) -> None:
    """Refused, and in its second history or a later one."""
    start = in_days(90 + number)
    wanted = await asked(world, start, provider, history_limit=12)
    handle = world.booking(wanted.booking_id)
    await world.signal(handle, "nonsense")
    await world.update(handle, "confirm", start=start)
    await world.signal(handle, "nonsense")


async def _standing(world: World, number: int) -> None:
    """Suspended by support; every third reinstated, every fourth with a refused signal."""
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id, history_limit=12 if number % 2 else None)
    await world.update(handle, "suspend", reason="Fraud.")
    if number % 3 == 0:
        await world.update(handle, "reinstate", reason="A mistake.")
    if number % 4 == 0:
        await world.signal(handle, "nonsense")


async def _terminated(world: World) -> str:
    wanted = await world.request(in_days(15))
    await world.booking(wanted.booking_id).terminate()
    return wanted.booking_id


async def _stuck(world: World) -> frozenset[str]:
    """Bookings that only a worker with a bug has ever tried."""
    queue = f"{world.task_queue}-broken"
    wanted = [await world.wanted(in_days(12)) for _ in range(STUCK)]
    async with Worker(world.client, task_queue=queue, workflows=[BrokenBooking]):
        for each in wanted:
            await world.client.start_workflow(
                "Booking",
                BookingInput(request=each),
                id=booking_workflow_id(each.booking_id),
                task_queue=queue,
                task_timeout=timedelta(seconds=1),
                search_attributes=of_request(each, now()),
            )
        for each in wanted:
            await world.until(
                lambda each=each: world.booking(each.booking_id).describe(),  # type: ignore[misc]
                lambda it: "TemporalReportedProblems" in it.search_attributes,
            )
    return frozenset(each.booking_id for each in wanted)
