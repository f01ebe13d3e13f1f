"""Whole lives of bookings, driven as services drive them: by signals, by updates, or over HTTP."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from bench.asking import Asker
from bench.baseline import AS_OURS, BY_DEFAULT, STEPS, Bare, NoOp
from db.ids import new_id
from db.queries.bookings import Intent
from db.stores.intents import insert_intent
from db.stores.topics import insert_topic
from domain.booking.decide import NewRequest
from domain.instants import rfc3339
from domain.workflow_ids import booking_workflow_id
from tests.api.marketplace import token
from workflows.search_attributes import of_request
from workflows.snapshot import BookingInput
from workflows.start import TASK_TIMEOUT

_numbers = itertools.count(1)
_AHEAD = timedelta(days=30)
_APART = timedelta(hours=2)
_TAKEN = 202
_AGAIN_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Market:
    """Whom and what the bookings of a benchmark are about."""

    client: Client
    engine: AsyncEngine
    http: Asker | None = None

    async def topic(self) -> tuple[str, str]:
        """A new provider's topic: the ids of both."""
        provider_id = f"p-{new_id()}"
        async with self.engine.begin() as conn:
            topic_id = await insert_topic(
                conn,
                provider_id=provider_id,
                title="Counterpoint",
                description="",
                duration_minutes=60,
                now=datetime.now(UTC),
            )
        return provider_id, topic_id

    async def request(self, provider_id: str, topic_id: str) -> NewRequest:
        """A request that the API would have noted, ready to be started."""
        number = next(_numbers)
        now = datetime.now(UTC)
        request = NewRequest(
            booking_id=new_id(),
            topic_id=topic_id,
            provider_id=provider_id,
            client_id=f"c-{number}",
            preferred_starts=((now + _AHEAD + _APART * (number % 4000)).replace(microsecond=0),),
            duration_minutes=60,
            title="Counterpoint",
        )
        async with self.engine.begin() as conn:
            await insert_intent(
                conn,
                Intent(
                    booking_id=request.booking_id,
                    provider_id=provider_id,
                    client_id=request.client_id,
                    topic_id=topic_id,
                    created_at=now,
                ),
            )
        return request

    async def begin(self, request: NewRequest) -> Any:
        """Starts a booking, as the API does."""
        return await self.client.start_workflow(
            "Booking",
            BookingInput(request=request),
            id=booking_workflow_id(request.booking_id),
            task_queue="bookings",
            task_timeout=TASK_TIMEOUT,
            search_attributes=of_request(request, datetime.now(UTC)),
        )

    async def by_signal(self, request: NewRequest) -> None:
        """Requested, confirmed, cancelled; each command a signal."""
        handle = await self.begin(request)
        await handle.signal("confirm", {"start": rfc3339(request.preferred_starts[0])})
        await handle.signal("cancel", {"reason": "Ill."})
        await handle.result()

    async def by_update(self, request: NewRequest) -> None:
        """Requested, confirmed, cancelled; each command an update, which is answered."""
        handle = await self.begin(request)
        await handle.execute_update("confirm", {"start": rfc3339(request.preferred_starts[0])})
        await handle.execute_update("cancel", {"reason": "Ill."})
        await handle.result()

    async def by_http(self, provider_id: str, topic_id: str) -> None:
        """Requested, confirmed, cancelled; each by a person over HTTP."""
        number = next(_numbers)
        client_id = f"c-{number}"
        start = rfc3339(datetime.now(UTC) + _AHEAD + _APART * (number % 4000))
        asked = {"topic_id": topic_id, "preferred_starts": [start]}
        booking = await self._post("/v1/bookings", "client", client_id, asked)
        path = f"/v1/bookings/{booking['id']}"
        await self._post(f"{path}/confirm", "provider", provider_id, {"start": start})
        await self._post(f"{path}/cancel", "client", client_id, {"reason": "Ill."})

    async def _post(self, path: str, role: str, person_id: str, body: Any) -> Any:
        if self.http is None:
            raise ValueError("this market has no API")
        headers = {"Authorization": f"Bearer {token(role, person_id)}", "Idempotency-Key": new_id()}
        answer = await self.http.post(path, body, headers)
        while answer.status == _TAKEN:
            # So busy that no worker answered in time: as a caller would, asked again by its key.
            await asyncio.sleep(_AGAIN_SECONDS)
            answer = await self.http.post(path, body, headers)
        if answer.status not in (200, 201):
            raise RuntimeError(f"{path}: {answer.status} {answer.body}")
        return answer.body

    async def no_op(self) -> None:
        """A workflow that does nothing."""
        await self.client.execute_workflow(NoOp.run, id=f"no-op/{new_id()}", task_queue=BY_DEFAULT)

    async def bare(self, task_queue: str = BY_DEFAULT) -> None:
        """A workflow of as many durable steps, and nothing in them."""
        handle = await self.client.start_workflow(
            Bare.run, id=f"bare/{new_id()}", task_queue=task_queue
        )
        for step in STEPS[1:]:
            await handle.signal(Bare.tell, step)
        await handle.result()

    async def bare_as_ours(self) -> None:
        """The same, by a worker that is tuned as ours is."""
        await self.bare(AS_OURS)


async def rate(work: Callable[[], Awaitable[Any]], *, number: int, at_once: int) -> float:
    """How many a second are done, of `number`, `at_once` at any time."""
    left = iter(range(number))

    async def one_after_the_other() -> None:
        for _ in left:
            await work()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, number)):
            group.create_task(one_after_the_other())
    return number / (time.perf_counter() - began)
