"""The courier, as a worker runs it: one attempt, and what the ledger says of it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.failure.v1 import Failure
from temporalio.common import RetryPolicy
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment

from activities.delivering import (
    Courier,
    Errand,
    NotDeliveredError,
    Outgoing,
    Sent,
    TurnedAwayError,
)
from db.engine import create_engine
from db.schema import notices
from domain.notices.ledger import (
    GIVEN_UP_AFTER,
    LONGEST_WAIT,
    Channel,
    Delivered,
    NoticeState,
    Owed,
)

NOTICE = "notice-1"
SINCE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CONSEQUENCE = Owed(id="notice-2", channel=Channel.EMAIL, summary="e-mail to somebody")


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    """A ledger in which one notice is owed."""
    engine = create_engine(database)
    async with engine.begin() as conn:
        await conn.execute(
            insert(notices).values(
                id=NOTICE,
                recipient_role="client",
                recipient_id="carl",
                kind="booking.confirmed",
                channel=Channel.EMAIL,
                provider_id="ada",
                due_at=SINCE,
                state=NoticeState.OWED,
                source="test/1",
            )
        )
    yield engine
    await engine.dispose()


class Outlet:
    """Does what a test says, and keeps what it was given."""

    def __init__(self, send: Callable[[Outgoing], Awaitable[Sent]]) -> None:
        self._send = send
        self.given: list[Outgoing] = []

    async def send(self, notice: Outgoing) -> Sent:
        """As the test says."""
        self.given.append(notice)
        return await self._send(notice)


async def _taken(_: Outgoing) -> Sent:
    return Sent(answer="250 Taken.")


def _failing(error: Exception) -> Outlet:
    async def fail(_: Outgoing) -> Sent:
        raise error

    return Outlet(fail)


async def _attempt(
    engine: AsyncEngine,
    outlet: Outlet | None,
    *,
    after: timedelta = timedelta(0),
    notice_id: str = NOTICE,
    number: int = 1,
) -> Delivered:
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(
        ActivityEnvironment.default_info(),
        current_attempt_scheduled_time=SINCE + after,
        attempt=number,
        retry_policy=RetryPolicy(maximum_interval=LONGEST_WAIT),
    )
    courier = Courier(engine, {} if outlet is None else {Channel.EMAIL: outlet})
    return await environment.run(courier.deliver, Errand(notice_id=notice_id, since=SINCE))


async def _row(engine: AsyncEngine) -> Any:
    async with engine.connect() as conn:
        return (await conn.execute(select(notices).where(notices.c.id == NOTICE))).one()


async def _tried(engine: AsyncEngine, times: int) -> None:
    async with engine.begin() as conn:
        await conn.execute(update(notices).values(attempts=times))


async def _end(engine: AsyncEngine, state: NoticeState, reason: str) -> None:
    async with engine.begin() as conn:
        await conn.execute(update(notices).values(state=state, reason=reason))


async def test_what_is_taken_is_sent(engine: AsyncEngine) -> None:
    outlet = Outlet(_taken)
    assert await _attempt(engine, outlet) == Delivered(state=NoticeState.SENT)
    row = await _row(engine)
    assert (row.state, row.attempts, row.answer) == ("sent", 1, "250 Taken.")
    assert row.attempted_at <= row.ended_at
    # Once more, as after an answer that was lost: it is not sent again.
    assert await _attempt(engine, outlet) == Delivered(state=NoticeState.SENT)
    assert len(outlet.given) == 1


async def test_what_fails_is_noted_and_tried_again(engine: AsyncEngine) -> None:
    outlet = _failing(NotDeliveredError("451 Not now\0", wait=timedelta(minutes=3)))
    with pytest.raises(ApplicationError) as raised:
        await _attempt(engine, outlet)
    assert not raised.value.non_retryable
    assert raised.value.next_retry_delay == timedelta(minutes=3)
    row = await _row(engine)
    assert (row.state, row.attempts, row.ended_at) == ("owed", 1, None)
    assert row.answer.startswith("451 Not now")


async def test_what_is_no_character_in_an_answer_is_told_to_nobody(engine: AsyncEngine) -> None:
    # As a mail server says it that writes Latin-1, and at length.
    outlet = _failing(NotDeliveredError(f"451 R\udce9essayez {'.' * 2000}"))
    with pytest.raises(ApplicationError) as raised:
        await _attempt(engine, outlet)
    told = Failure()
    await DataConverter.default.encode_failure(raised.value, told)
    assert told.message == (await _row(engine)).answer
    assert told.message.startswith("451 R?essayez ...")


@pytest.mark.parametrize(
    ("asked", "number", "wait"),
    [
        (timedelta(minutes=3), 8, timedelta(minutes=3)),
        (timedelta(minutes=3), 9, timedelta(seconds=256)),
        (timedelta(seconds=1), 1, timedelta(seconds=1)),
        (timedelta(), 2, timedelta(seconds=2)),
        (LONGEST_WAIT, 12, LONGEST_WAIT),
        (LONGEST_WAIT, 5000, LONGEST_WAIT),
        (None, 2, timedelta(seconds=2)),
    ],
)
async def test_who_asks_to_be_left_alone_is_not_asked_again_sooner_than_others(
    engine: AsyncEngine, asked: timedelta | None, number: int, wait: timedelta
) -> None:
    await _tried(engine, number - 1)
    outlet = _failing(NotDeliveredError("429 Too Many", wait=asked))
    with pytest.raises(ApplicationError) as raised:
        await _attempt(engine, outlet, number=number)
    assert raised.value.next_retry_delay == wait


@pytest.mark.parametrize("after", [timedelta(0), GIVEN_UP_AFTER])
async def test_who_is_turned_away_has_not_tried_and_comes_back_soon(
    engine: AsyncEngine, after: timedelta
) -> None:
    soon = timedelta(seconds=7)
    with pytest.raises(ApplicationError, match="a crowd") as raised:
        await _attempt(engine, _failing(TurnedAwayError("a crowd", wait=soon)), after=after)
    assert (raised.value.non_retryable, raised.value.next_retry_delay) == (False, soon)
    assert raised.value.category is ApplicationErrorCategory.BENIGN
    row = await _row(engine)
    assert (row.state, row.attempts, row.answer) == ("owed", 0, None)
    # The sweep sees that it is looked after.
    assert row.attempted_at is not None


@pytest.mark.parametrize(("number", "seconds"), [(1, 7), (2, 14), (8, 56), (100, 56)])
async def test_who_is_turned_away_again_and_again_asks_less_often(
    engine: AsyncEngine, number: int, seconds: int
) -> None:
    crowd = TurnedAwayError("a crowd", wait=timedelta(seconds=7))
    with pytest.raises(ApplicationError) as raised:
        await _attempt(engine, _failing(crowd), number=number)
    assert raised.value.next_retry_delay == timedelta(seconds=seconds)


async def test_who_was_turned_away_waits_no_longer_for_that_once_it_fails(
    engine: AsyncEngine,
) -> None:
    with pytest.raises(ApplicationError) as raised:
        await _attempt(engine, _failing(NotDeliveredError("451 Not now")), number=12)
    assert raised.value.next_retry_delay == timedelta(seconds=1)


async def test_what_was_tried_by_another_workflow_before_begins_anew(engine: AsyncEngine) -> None:
    await _tried(engine, 12)
    with pytest.raises(ApplicationError) as raised:
        await _attempt(engine, _failing(NotDeliveredError("451 Not now")), number=2)
    assert raised.value.next_retry_delay == timedelta(seconds=2)


async def test_what_ends_while_it_is_turned_away_has_ended(engine: AsyncEngine) -> None:
    async def crowded(_: Outgoing) -> Sent:
        await _end(engine, NoticeState.SUPERSEDED, "The date was amended.")
        raise TurnedAwayError("a crowd", wait=timedelta(seconds=7))

    assert await _attempt(engine, Outlet(crowded)) == Delivered(
        state=NoticeState.SUPERSEDED, reason="The date was amended."
    )


async def test_an_outlet_that_breaks_is_a_failure_like_any_other(engine: AsyncEngine) -> None:
    with pytest.raises(ApplicationError, match="KeyError"):
        await _attempt(engine, _failing(KeyError("address")))
    assert (await _row(engine)).answer == "KeyError: 'address'"


async def test_a_channel_that_this_worker_has_not_is_left_to_another(engine: AsyncEngine) -> None:
    with pytest.raises(ApplicationError, match="does not deliver by email"):
        await _attempt(engine, None)
    assert (await _row(engine)).state == "owed"
    assert await _attempt(engine, Outlet(_taken)) == Delivered(state=NoticeState.SENT)


async def test_it_is_given_up_after_a_day_but_not_without_a_last_attempt(
    engine: AsyncEngine,
) -> None:
    outlet = _failing(NotDeliveredError("451 Not now"))
    with pytest.raises(ApplicationError):
        await _attempt(engine, outlet, after=GIVEN_UP_AFTER - timedelta(seconds=1))
    reason = "Given up after 24 hours. 451 Not now"
    given_up = Delivered(state=NoticeState.FAILED, reason=reason)
    assert await _attempt(engine, outlet, after=GIVEN_UP_AFTER) == given_up
    assert len(outlet.given) == 2
    assert (await _row(engine)).reason == reason


async def test_what_has_ended_is_not_sent(engine: AsyncEngine) -> None:
    await _end(engine, NoticeState.SUPERSEDED, "The date was amended.")
    outlet = Outlet(_taken)
    assert await _attempt(engine, outlet) == Delivered(
        state=NoticeState.SUPERSEDED, reason="The date was amended."
    )
    assert not outlet.given
    assert (await _row(engine)).attempts == 0


async def test_what_an_outlet_has_ended_itself_has_consequences(engine: AsyncEngine) -> None:
    async def disable(_: Outgoing) -> Sent:
        await _end(engine, NoticeState.FAILED, "The endpoint is disabled.")
        raise NotDeliveredError("410 Gone", owed=(CONSEQUENCE,))

    assert await _attempt(engine, Outlet(disable)) == Delivered(
        state=NoticeState.FAILED, reason="The endpoint is disabled.", owed=(CONSEQUENCE,)
    )


async def test_a_notice_that_the_ledger_has_lost_ends(engine: AsyncEngine) -> None:
    outlet = Outlet(_taken)
    lost = await _attempt(engine, outlet, notice_id="lost")
    assert lost.state is NoticeState.FAILED
    assert not outlet.given
