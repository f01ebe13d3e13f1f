"""The activity that delivers what the ledger owes, through the outlet of its channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from db.ledger import recipient_of
from db.recording import deliveries
from domain.notices.ledger import GIVEN_UP_AFTER, Channel, Delivered, NoticeState, Owed
from domain.party import Party

DELIVER = "deliver"

DELIVERING = "delivering"
"""The query by which a workflow says which notices it is delivering."""

SEND_WITHIN = timedelta(seconds=25)
"""How long an outlet may take. The rest of an attempt's time is for the ledger."""

ALIVE_EVERY = timedelta(seconds=2)
"""How often an attempt says that it is alive, so that a worker that died is noticed soon."""

_MOST_DOUBLINGS = 20
_MOST_IN_VAIN = 8

_AT_THE_LEDGER = 5
"""So many deliveries of a worker write at a time: its other connections are for decisions."""

log = logging.getLogger("keepdate.delivering")


def delivery_queue(task_queue: str) -> str:
    """The task queue of deliveries, beside that of the decisions.

    What waits for slow servers there keeps nobody waiting who has a decision to write down.
    """
    return f"{task_queue}-deliveries"


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What a workflow sends out: a notice that is owed, and since when it is tried.

    `since` is an instant of Temporal's clock. It outlives the workflow's own history, so that what
    nobody takes is given up in time however often the workflow continues as new.
    """

    notice_id: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A notice on its way out: a row of the ledger that is still owed, at its newest attempt."""

    id: str
    to: Party
    kind: str
    provider_id: str | None
    booking_id: str | None
    booking_revision: int | None
    session_start: datetime | None
    due_at: datetime
    created_at: datetime
    event_id: int | None
    webhook_id: str | None
    attempt: int


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What the other side answered, for the log; and what is owed in consequence."""

    answer: str
    owed: tuple[Owed, ...] = ()


class UndeliverableError(Exception):
    """It can never be delivered: the other side refused it for good. It ends as failed."""


class NotWantedError(Exception):
    """Nobody is there for it any more, or wants it by this channel. It ends as skipped."""


class NotDeliveredError(Exception):
    """This attempt failed; a later one may not, but not before `wait` has passed.

    `owed` is what is owed in consequence, where the outlet has ended the notice itself: its
    endpoint was disabled, and the owner is told.
    """

    def __init__(
        self, answer: str, *, owed: tuple[Owed, ...] = (), wait: timedelta | None = None
    ) -> None:
        super().__init__(answer)
        self.owed = owed
        self.wait = wait


class TurnedAwayError(Exception):
    """There is no room for it now. It was not tried, and is not before `wait` has passed.

    Whoever is turned away time and again waits for up to eight times as long.
    """

    def __init__(self, answer: str, *, wait: timedelta) -> None:
        super().__init__(answer)
        self.wait = wait


class Outlet(Protocol):
    """One channel to the outside. Called again after a crash, with the same notice and id."""

    async def send(self, notice: Outgoing) -> Sent:
        """Deliver it, within 25 seconds.

        Raises UndeliverableError, NotWantedError, NotDeliveredError, TurnedAwayError. Any other
        error counts as an attempt that failed.
        """


class Courier:
    """Delivers notices, each at least once, and keeps their rows in the ledger."""

    def __init__(self, engine: AsyncEngine, outlets: Mapping[Channel, Outlet]) -> None:
        self._engine = engine
        self._outlets = outlets
        self._at_the_ledger = asyncio.Semaphore(_AT_THE_LEDGER)

    @activity.defn(name=DELIVER)
    async def deliver(self, errand: Errand) -> Delivered:
        """Tries once to deliver a notice, unless it has ended, and answers how it ended.

        Raises ApplicationError where the attempt failed and there will be another; after 24 hours
        of them, the notice ends as failed. Raises it too where there is no room for an attempt yet,
        however late that is.
        """
        async with _saying_that_it_is_alive():
            async with self._ledger() as conn:
                claimed = await deliveries.claim(conn, errand.notice_id)
            if isinstance(claimed, Delivered):
                return claimed
            notice = _outgoing(claimed)
            try:
                sent = await self._sent(notice, Channel(claimed.channel))
            except UndeliverableError as error:
                return await self._end(notice, NoticeState.FAILED, reason=str(error))
            except NotWantedError as error:
                return await self._end(notice, NoticeState.SKIPPED, reason=str(error))
            except NotDeliveredError as error:
                return await self._failed(notice, errand, error)
            except TurnedAwayError as error:
                return await self._not_tried(notice, error)
            ended = await self._end(notice, NoticeState.SENT, answer=sent.answer)
            return replace(ended, owed=sent.owed)

    async def _sent(self, notice: Outgoing, channel: Channel) -> Sent:
        outlet = self._outlets.get(channel)
        if outlet is None:
            # Its settings are another worker's: while they are rolled out, both are there.
            raise NotDeliveredError(f"This worker does not deliver by {channel}.")
        try:
            async with asyncio.timeout(SEND_WITHIN.total_seconds()):
                return await outlet.send(notice)
        except (UndeliverableError, NotWantedError, NotDeliveredError, TurnedAwayError):
            raise
        except TimeoutError as error:
            seconds = SEND_WITHIN.total_seconds()
            raise NotDeliveredError(f"No answer within {seconds:g} seconds.") from error
        except Exception as error:
            log.exception("the outlet for %s broke", channel)
            raise NotDeliveredError(f"{type(error).__name__}: {error}") from error

    async def _failed(
        self, notice: Outgoing, errand: Errand, error: NotDeliveredError
    ) -> Delivered:
        # Mail servers answer in whatever bytes they like, and Temporal takes characters alone: nor
        # does it get the error that this one comes from.
        answer = deliveries.kept(str(error))
        tried_for = activity.info().current_attempt_scheduled_time - errand.since
        if tried_for >= GIVEN_UP_AFTER:
            hours = GIVEN_UP_AFTER // timedelta(hours=1)
            reason = f"Given up after {hours} hours. {answer}"
            ended = await self._end(notice, NoticeState.FAILED, answer=answer, reason=reason)
            return replace(ended, owed=error.owed)
        async with self._ledger() as conn:
            over = await deliveries.note_failure(conn, notice.id, answer)
        if over is not None:
            return replace(over, owed=error.owed)
        raise _once_more(answer, after=_not_sooner_than_usual(notice, error.wait)) from None

    async def _not_tried(self, notice: Outgoing, error: TurnedAwayError) -> Delivered:
        async with self._ledger() as conn:
            over = await deliveries.take_back(conn, notice.id)
        if over is not None:
            return over
        # Of thousands that wait for a few slow endpoints, each asks less often the longer it waits.
        in_vain = min(activity.info().attempt, _MOST_IN_VAIN)
        raise _once_more(str(error), after=error.wait * in_vain) from None

    async def _end(
        self,
        notice: Outgoing,
        state: NoticeState,
        *,
        answer: str | None = None,
        reason: str | None = None,
    ) -> Delivered:
        async with self._ledger() as conn:
            return await deliveries.end(
                conn, notice.id, state, answer=answer or reason or "", reason=reason
            )

    @asynccontextmanager
    async def _ledger(self) -> AsyncIterator[AsyncConnection]:
        async with self._at_the_ledger, self._engine.begin() as conn:
            yield conn


def _once_more(why: str, *, after: timedelta | None) -> ApplicationError:
    return ApplicationError(
        why,
        type="not-delivered",
        next_retry_delay=after,
        # It is on record, and what retries are for: nothing that a log should warn of.
        category=ApplicationErrorCategory.BENIGN,
    )


def _not_sooner_than_usual(notice: Outgoing, wait: timedelta | None) -> timedelta | None:
    """What the other side asks for, or the policy's own wait where that is longer.

    It takes the place of the policy's own wait, however often: an endpoint that says "in a second"
    each time would be called a day long, every second.
    """
    info = activity.info()
    policy = info.retry_policy
    if policy is None:
        return wait
    # Temporal counts what was turned away, too, and the ledger what another workflow has tried.
    tried = min(info.attempt, notice.attempt)
    # By then it is the longest in any case, and a greater power may be no number.
    doublings = min(tried - 1, _MOST_DOUBLINGS)
    usual = policy.initial_interval * policy.backoff_coefficient**doublings
    if policy.maximum_interval is not None:
        usual = min(usual, policy.maximum_interval)
    return max(usual, wait or usual)


def _outgoing(row: Row[Any]) -> Outgoing:
    return Outgoing(
        id=row.id,
        to=recipient_of(row),
        kind=row.kind,
        provider_id=row.provider_id,
        booking_id=row.booking_id,
        booking_revision=row.booking_revision,
        session_start=row.session_start,
        due_at=row.due_at,
        created_at=row.created_at,
        event_id=row.event_id,
        webhook_id=row.webhook_id,
        attempt=row.attempts,
    )


@asynccontextmanager
async def _saying_that_it_is_alive() -> AsyncIterator[None]:
    async def say_so() -> None:
        while True:
            # What is delivered at once says nothing: its end is news enough.
            await asyncio.sleep(ALIVE_EVERY.total_seconds())
            activity.heartbeat()

    saying = asyncio.create_task(say_so())
    try:
        yield
    finally:
        saying.cancel()
