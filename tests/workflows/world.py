"""What a test needs of a marketplace: topics, bookings, commands, and time that passes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from db.ids import new_id
from db.queries.bookings import BookingRow, Intent, get_booking
from db.queries.timelines import booking_timeline
from db.stores.intents import insert_intent
from db.stores.topics import insert_topic, update_topic
from domain.booking.decide import NewRequest
from domain.booking.view import allowed_actions, booking_json
from domain.instants import rfc3339
from domain.party import UNNAMED_SERVICE
from domain.record import entry_json
from domain.workflow_ids import booking_workflow_id, standing_workflow_id
from workflows.search_attributes import of_provider, of_request
from workflows.snapshot import BookingInput, StandingInput

Handle = WorkflowHandle[Any, Any]
T = TypeVar("T")
PATIENCE = 120.0


def now() -> datetime:
    """The real time; a workflow's own clock can be ahead of it."""
    return datetime.now(UTC).replace(microsecond=0)


def in_days(days: float) -> datetime:
    """So many days from now, exactly."""
    return now() + timedelta(days=days)


async def together(races: Iterable[Awaitable[T]], *, at_once: int = 25) -> list[T]:
    """Run many cases at the same time, but no more than the machine can take."""
    room = asyncio.Semaphore(at_once)

    async def one(race: Awaitable[T]) -> T:
        async with room:
            return await race

    return await asyncio.gather(*(one(race) for race in races))


class RefusedError(Exception):
    """An update was refused, with this code."""

    def __init__(self, code: str, details: dict[str, Any]) -> None:
        super().__init__(code, details)
        self.code, self.details = code, details


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """A booking, and what was decided on it, reminders left out."""

    booking: dict[str, Any]
    story: list[str]


@dataclass(frozen=True, kw_only=True)
class World:
    """A real server, a real database, and a worker that serves them."""

    temporal: WorkflowEnvironment
    client: Client
    engine: AsyncEngine
    task_queue: str

    def booking(self, booking_id: str) -> Handle:
        """The workflow of a booking."""
        return self.client.get_workflow_handle(booking_workflow_id(booking_id))

    def standing(self, provider_id: str) -> Handle:
        """The workflow of a provider's standing."""
        return self.client.get_workflow_handle(standing_workflow_id(provider_id))

    async def provider_with_topic(self) -> tuple[str, str]:
        """A provider of whom nothing is known yet, and one listed topic of theirs."""
        provider_id, topic_id = f"provider-{new_id()}", new_id()
        async with self.engine.begin() as connection:
            await insert_topic(
                connection,
                topic_id=topic_id,
                provider_id=provider_id,
                title="Watercolours",
                description="",
                duration_minutes=60,
                now=now(),
            )
        return provider_id, topic_id

    async def pause_topic(self, topic_id: str) -> None:
        """Take a topic off the list, as its provider can."""
        async with self.engine.begin() as connection:
            await update_topic(connection, topic_id, now=now(), listed=False)

    async def wanted(
        self, *starts: datetime, provider: tuple[str, str] | None = None
    ) -> NewRequest:
        """A request that a client could make; nothing has begun yet."""
        provider_id, topic_id = provider or await self.provider_with_topic()
        wanted = NewRequest(
            booking_id=new_id(),
            topic_id=topic_id,
            provider_id=provider_id,
            client_id="client-1",
            preferred_starts=starts or (in_days(30),),
            duration_minutes=60,
        )
        await self.ask(wanted)
        return wanted

    async def ask(self, wanted: NewRequest) -> None:
        """Note that a client asks for something, as the API does before it starts a booking."""
        intent = Intent(
            booking_id=wanted.booking_id,
            provider_id=wanted.provider_id,
            client_id=wanted.client_id,
            topic_id=wanted.topic_id,
            created_at=now(),
        )
        async with self.engine.begin() as connection:
            await insert_intent(connection, intent)

    async def request(
        self,
        *starts: datetime,
        provider: tuple[str, str] | None = None,
        history_limit: int | None = None,
    ) -> NewRequest:
        """A booking that a client has requested, and whose request is on record."""
        wanted = await self.wanted(*starts, provider=provider)
        await self.start(BookingInput(request=wanted, history_limit=history_limit))
        # Not by a query: one that arrives while the request is being recorded costs three events.
        await self.until(lambda: self.row(wanted.booking_id), lambda row: row is not None)
        return wanted

    async def start(
        self, started: BookingInput, *, task_timeout: timedelta | None = None
    ) -> Handle:
        """Start a booking as the API does."""
        return await self.client.start_workflow(
            "Booking",
            started,
            id=booking_workflow_id(started.request.booking_id),
            task_queue=self.task_queue,
            search_attributes=of_request(started.request, datetime.now(UTC)),
            task_timeout=task_timeout,
        )

    async def start_standing(self, provider_id: str, history_limit: int | None = None) -> Handle:
        """Start a provider's standing, of whom nothing late is known."""
        return await self.client.start_workflow(
            "ProviderStanding",
            StandingInput(provider_id=provider_id, history_limit=history_limit),
            id=standing_workflow_id(provider_id),
            task_queue=self.task_queue,
            search_attributes=of_provider(provider_id),
        )

    async def confirmed(
        self, start: datetime, provider: tuple[str, str] | None = None
    ) -> NewRequest:
        """A booking that its provider has confirmed."""
        wanted = await self.request(start, provider=provider)
        await self.update(wanted.booking_id, "confirm", start=start)
        return wanted

    async def signal(self, handle: Handle, name: str, *args: Any, **fields: Any) -> None:
        """Send a signal: of raw arguments, or of the fields of one JSON object."""
        await handle.signal(name, args=list(args) if args or not fields else [_json(fields)])

    async def update(self, subject: str | Handle, name: str, **fields: Any) -> dict[str, Any]:
        """Give a command and get the answer. Raises `RefusedError`."""
        handle = self.booking(subject) if isinstance(subject, str) else subject
        return await self.update_raw(handle, name, [_json(fields)])

    async def update_raw(
        self, handle: Handle, name: str, arguments: Sequence[Any]
    ) -> dict[str, Any]:
        """Send any arguments as an update. Raises `RefusedError`."""
        try:
            answer: dict[str, Any] = await handle.execute_update(name, args=arguments)
        except WorkflowUpdateFailedError as error:
            cause = error.cause
            if not isinstance(cause, ApplicationError) or cause.type is None:
                raise
            raise RefusedError(cause.type, cause.details[0] if cause.details else {}) from None
        return answer

    async def state(self, booking_id: str) -> dict[str, Any] | None:
        """The booking as its workflow knows it; `None` before it has begun."""
        found: dict[str, Any] | None = await self.booking(booking_id).query("booking")
        return found

    async def row(self, booking_id: str) -> BookingRow | None:
        """The booking as the database knows it; `None` before it is recorded."""
        async with self.engine.connect() as connection:
            return await get_booking(connection, booking_id)

    async def agree(self, booking_id: str, *, ended: bool = False) -> Agreed:
        """What workflow and database say of a booking, and of how it came to that: the same."""
        handle = self.booking(booking_id)
        # The result of an ended workflow costs less than a query, for which it is replayed.
        found = await handle.result() if ended else await self.state(booking_id)
        timeline = await handle.query("timeline")
        async with self.engine.connect() as connection:
            row = await get_booking(connection, booking_id)
            lines = await booking_timeline(connection, booking_id)
        assert row is not None
        assert found == booking_json(
            row.booking, allowed_actions(row.booking, UNNAMED_SERVICE, now())
        )
        assert timeline["items"] == [entry_json(line) for line in lines]
        assert timeline["refused"] == row.refused
        decided = (line.command for line in lines if line.outcome == "applied")
        return Agreed(booking=found, story=[command for command in decided if command != "remind"])

    async def timeline(self, handle: Handle) -> list[dict[str, Any]]:
        """The newest lines of a timeline, as the workflow knows them."""
        found: dict[str, Any] = await handle.query("timeline")
        items: list[dict[str, Any]] = found["items"]
        return items

    async def forward(self, handle: Handle, span: timedelta) -> None:
        """Let time pass for one workflow."""
        await self.temporal.fast_forward(handle, span)

    async def until_standing(
        self, handle: Handle, holds: Callable[[Any], bool], *, within: float = PATIENCE
    ) -> Any:
        """Wait for a standing to have begun, and for a condition on it; it as it is then."""
        return await self.until(
            lambda: handle.query("standing"),
            lambda seen: seen is not None and holds(seen),
            within=within,
        )

    async def until(
        self,
        look: Callable[[], Awaitable[Any]],
        holds: Callable[[Any], bool],
        *,
        within: float = PATIENCE,
    ) -> Any:
        """Wait for a condition; what was seen when it held. Fails where it never does."""
        deadline = asyncio.get_running_loop().time() + within
        pause = 0.03
        while True:
            seen = await look()
            if holds(seen):
                return seen
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"waited {within} s in vain; last seen: {seen!r}")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.3)


def _json(fields: dict[str, Any]) -> dict[str, Any]:
    return {name.rstrip("_"): _value(value) for name, value in fields.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_value(item) for item in value]
    return value


__all__ = ["Handle", "RefusedError", "World", "in_days", "now", "together"]
