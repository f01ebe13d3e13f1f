"""Commands and deadlines that meet: whoever is first, workflow and database agree afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from db.ids import new_id
from domain.instants import rfc3339
from tests.workflows.outcomes import ENDED, outcome_of
from tests.workflows.wire import troubles
from tests.workflows.world import RefusedError, World, in_days, together

# A few times are enough to see that each order ends well; a hundred, for what is seldom met.
TIMES = pytest.mark.parametrize("times", [10, pytest.param(100, marks=pytest.mark.long)])


def _named(world: World, booking_id: str, name: str, **fields: Any) -> Callable[[], Awaitable[Any]]:
    """An update that names itself, as those of the API do: if a task is lost, it is known again."""
    return partial(world.update, booking_id, name, command_id=new_id(), **fields)


def _code(outcome: str | RefusedError) -> str:
    return outcome.code if isinstance(outcome, RefusedError) else outcome


@TIMES
async def test_confirm_against_the_clients_withdrawal(world: World, times: int) -> None:
    start = in_days(9)

    async def race(number: int) -> str:
        booking_id = (await world.request(start)).booking_id
        handle = world.booking(booking_id)
        confirm = outcome_of(_named(world, booking_id, "confirm", start=start))
        if number % 4 < 2:
            withdraw = outcome_of(_named(world, booking_id, "cancel", reason="No need."))
        else:
            withdraw = outcome_of(lambda: world.signal(handle, "cancel", reason="No need."))
        pair = (confirm, withdraw) if number % 2 else (withdraw, confirm)
        outcomes = await asyncio.gather(*pair)
        confirmed, withdrawn = outcomes if number % 2 else outcomes[::-1]

        agreed = await world.agree(booking_id, ended=True)
        assert agreed.booking["state"] == "cancelled"
        assert _code(withdrawn) == "applied"
        if _code(confirmed) == "applied":
            assert agreed.story == ["request", "confirm", "cancel"]
        else:
            assert _code(confirmed) in ("already-closed", ENDED)
            assert agreed.story == ["request", "cancel"]
        return agreed.story[1]

    firsts = await together(race(number) for number in range(times))
    assert set(firsts) == {"confirm", "cancel"}, "one of the two orders was never tried"


_AROUND = (-600_000, -1000, -500, -120, -60, -30, -10, 0, 20, 50, 120)


@TIMES
async def test_confirm_against_expiry(world: World, times: int) -> None:
    async def race(number: int) -> str:
        # Around the very instant, and so long before that any machine is still in time.
        after_start = timedelta(milliseconds=_AROUND[number % len(_AROUND)])
        moment = datetime.now(UTC) + timedelta(seconds=3)
        # With its only preferred time a request ends.
        start = moment - after_start
        booking_id = (await world.request(start)).booking_id
        await asyncio.sleep(max((moment - datetime.now(UTC)).total_seconds(), 0))
        confirmed = _code(await outcome_of(_named(world, booking_id, "confirm", start=start)))
        if confirmed == "applied":
            agreed = await world.agree(booking_id)
            assert agreed.booking["scheduled_start"] == rfc3339(start)
            assert agreed.story == ["request", "confirm"]
        else:
            assert confirmed in ("start-passed", "already-closed", ENDED)
            agreed = await world.agree(booking_id, ended=True)
            assert agreed.story == ["request", "expire"]
        assert await troubles(world.booking(booking_id)) == []
        return str(agreed.booking["state"])

    states = await together((race(number) for number in range(times)), at_once=34)
    assert set(states) == {"confirmed", "expired"}, "one of the two orders was never tried"


@TIMES
async def test_the_same_booking_confirmed_at_two_of_its_times(world: World, times: int) -> None:
    starts = in_days(9), in_days(10)

    async def race(_: int) -> None:
        booking_id = (await world.request(*starts)).booking_id
        outcomes = await asyncio.gather(
            *(outcome_of(_named(world, booking_id, "confirm", start=start)) for start in starts)
        )
        codes = [_code(outcome) for outcome in outcomes]
        assert sorted(codes) == ["applied", "not-pending"]
        agreed = await world.agree(booking_id)
        assert agreed.booking["scheduled_start"] == rfc3339(starts[codes.index("applied")])

    await together(race(number) for number in range(times))


@TIMES
async def test_two_bookings_confirmed_at_overlapping_times(world: World, times: int) -> None:
    start = in_days(9)
    wanted = (start, start + timedelta(minutes=30))
    others = in_days(10), in_days(11)

    async def race(_: int) -> None:
        provider = await world.provider_with_topic()
        ids = [
            (await world.request(*starts, provider=provider)).booking_id
            for starts in zip(wanted, others, strict=True)
        ]
        outcomes = await asyncio.gather(
            *(
                outcome_of(_named(world, booking_id, "confirm", start=time))
                for booking_id, time in zip(ids, wanted, strict=True)
            )
        )
        codes = [_code(outcome) for outcome in outcomes]
        assert sorted(codes) == ["applied", "slot-taken"]
        winner, loser = codes.index("applied"), codes.index("slot-taken")
        refusal = outcomes[loser]
        assert isinstance(refusal, RefusedError)
        assert refusal.details["free_starts"] == [rfc3339(others[loser])]
        assert (await world.agree(ids[winner])).booking["state"] == "confirmed"
        assert (await world.agree(ids[loser])).booking["state"] == "pending"

    await together(race(number) for number in range(times))
