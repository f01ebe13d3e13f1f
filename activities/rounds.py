"""Going round everything that Temporal and the database know of, page by page."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from activities.comparing import Comparer, Finding
from activities.overdue import OverdueNotices
from db.personal.pseudonym import is_pseudonym
from db.queries.bookings import get_booking
from db.queries.subjects import open_bookings, providers_with_standing
from domain.record import Subject
from domain.workflow_ids import booking_workflow_id

AT_ONCE = 20
"""So many workflows are asked at the same time: a query may take a replay, and others wait too."""

PAGE = 200

_EVER = datetime.min.replace(tzinfo=UTC)

_RUNNING = "WorkflowType = '{type}' AND ExecutionStatus = 'Running'"
_ENDED = "WorkflowType = 'Booking' AND ExecutionStatus = 'Completed'"


class Part(IntEnum):
    """What a round goes over, in this order. The numbers stand in heartbeats."""

    RUNNING_BOOKINGS = 0
    RUNNING_STANDINGS = 1
    ENDED_BOOKINGS = 2
    BOOKINGS_ON_RECORD = 3
    STANDINGS_ON_RECORD = 4
    OVERDUE_NOTICES = 5


@dataclass(frozen=True, kw_only=True)
class Place:
    """How far a round has come: which part of it, and from where on in that part."""

    part: int = Part.RUNNING_BOOKINGS
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What was found on one page, and where the round goes on; None at its end."""

    compared: int
    findings: tuple[Finding, ...]
    goes_on: Place | None


class Rounds:
    """A round over all workflows, and over all that should have one. Bounded in all it holds."""

    def __init__(
        self, client: Client, engine: AsyncEngine, comparer: Comparer, overdue: OverdueNotices
    ) -> None:
        self._client = client
        self._engine = engine
        self._comparer = comparer
        self._overdue = overdue
        self._room = asyncio.Semaphore(AT_ONCE)

    async def pages(
        self,
        place: Place,
        *,
        apply: bool = False,
        closed_since: datetime | None = None,
        beat: Callable[[], None] = lambda: None,
    ) -> AsyncIterator[Page]:
        """Compare page by page, from a place on. `beat` is called with everything compared."""
        part, after = place.part, place.after
        while part <= max(Part):
            compared, findings, after = await self._page(
                Part(part), after, apply, closed_since, beat
            )
            if not after:
                part += 1
            goes_on = Place(part=part, after=after) if part <= max(Part) else None
            yield Page(compared=compared, findings=findings, goes_on=goes_on)

    async def one(self, booking_id: str, *, apply: bool) -> Page:
        """Compare one booking alone, and see to it that it has a workflow while it is open."""
        async with self._engine.connect() as conn:
            row = await get_booking(conn, booking_id)
        finding = None
        if row is not None and not row.booking.closed:
            finding = await self._comparer.without_workflow(
                Subject.BOOKING, booking_id, apply=apply
            )
        if finding is None:
            finding = await self._comparer.compared(booking_workflow_id(booking_id), apply=apply)
        return Page(compared=1, findings=(finding,) if finding else (), goes_on=None)

    async def _page(
        self,
        part: Part,
        after: str,
        apply: bool,
        closed_since: datetime | None,
        beat: Callable[[], None],
    ) -> tuple[int, tuple[Finding, ...], str]:
        """How many were compared, what was found, and from where the part goes on, if it does."""
        match part:
            case Part.RUNNING_BOOKINGS:
                return await self._listed(_RUNNING.format(type="Booking"), after, apply, beat)
            case Part.RUNNING_STANDINGS:
                running = _RUNNING.format(type="ProviderStanding")
                return await self._listed(running, after, apply, beat)
            case Part.ENDED_BOOKINGS:
                late = f" AND CloseTime > '{closed_since:%FT%TZ}'" if closed_since else ""
                return await self._listed(f"{_ENDED}{late}", after, apply, beat)
            case Part.BOOKINGS_ON_RECORD:
                return await self._on_record(Subject.BOOKING, after, apply, closed_since, beat)
            case Part.STANDINGS_ON_RECORD:
                return await self._on_record(Subject.STANDING, after, apply, closed_since, beat)
            case Part.OVERDUE_NOTICES:
                return await self._owed(after, apply, beat)

    async def _listed(
        self, query: str, after: str, apply: bool, beat: Callable[[], None]
    ) -> tuple[int, tuple[Finding, ...], str]:
        listing = self._client.list_workflows(
            query, page_size=PAGE, next_page_token=base64.b64decode(after) or None
        )
        await listing.fetch_next_page()
        ids = [each.id for each in listing.current_page or ()]
        found = await self._all(
            [partial(self._comparer.compared, each, apply=apply) for each in ids], beat
        )
        return len(ids), found, base64.b64encode(listing.next_page_token or b"").decode()

    async def _on_record(
        self,
        subject: Subject,
        after: str,
        apply: bool,
        closed_since: datetime | None,
        beat: Callable[[], None],
    ) -> tuple[int, tuple[Finding, ...], str]:
        """What is open by the record, and has no workflow that is running."""
        read = open_bookings if subject is Subject.BOOKING else providers_with_standing
        async with self._engine.connect() as conn:
            ids = await read(conn, limit=PAGE, after=after)
        if not ids:
            return 0, (), ""
        workflow_ids = {self._comparer.handle(subject, each).id: each for each in ids}
        named = ", ".join(f"'{workflow_id}'" for workflow_id in workflow_ids)
        query = f"ExecutionStatus = 'Running' AND WorkflowId IN ({named})"
        async for running in self._client.list_workflows(query, page_size=PAGE):
            workflow_ids.pop(running.id, None)
        # What visibility does not show yet, the server itself is asked for.
        alone = [each for each in workflow_ids.values() if not is_pseudonym(each)]
        # What has ended since is among the bookings that have ended.
        look = partial(
            self._comparer.without_workflow,
            subject,
            apply=apply,
            ended_before=closed_since or _EVER,
        )
        found = await self._all([partial(look, each) for each in alone], beat)
        return 0, found, ids[-1] if len(ids) == PAGE else ""

    async def _owed(
        self, after: str, apply: bool, beat: Callable[[], None]
    ) -> tuple[int, tuple[Finding, ...], str]:
        """What is overdue by the ledger, and that nobody delivers."""
        page = await self._overdue.page(limit=PAGE, after=after)
        found = await self._all(
            [partial(self._overdue.looked_after, each, apply=apply) for each in page], beat
        )
        return len(page), found, page[-1].owed.id if len(page) == PAGE else ""

    async def _all(
        self, asked: Sequence[Callable[[], Awaitable[Finding | None]]], beat: Callable[[], None]
    ) -> tuple[Finding, ...]:
        async def one(ask: Callable[[], Awaitable[Finding | None]]) -> Finding | None:
            async with self._room:
                finding = await ask()
            beat()
            return finding

        found = await asyncio.gather(*map(one, asked))
        return tuple(each for each in found if each is not None)
