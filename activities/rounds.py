"""Going round everything that Temporal and the database know of, page by page."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import partial

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities.comparing import Comparer, Finding, workflow_id_of
from activities.overdue import OverdueNotices
from db.personal.pseudonym import is_pseudonym
from db.queries.bookings import get_booking
from db.queries.subjects import open_bookings, providers_with_standing
from db.recording.journal import Subject

COMPARE_RECORDS = "compare-records"
SWEEP_LEDGER = "sweep-ledger"

AT_ONCE = 20
"""So many workflows are asked at the same time: a query may take a replay, and others wait too."""

PAGE = 200
NAMED = 50
"""The result of a comparison names this many findings; `keepdate repair` prints all."""

DIFFERENCES = "keepdate_differences"
"""The metric: of how many bookings and standings the record differs from the workflow, and how many
notices nobody delivers."""

NEGLECTED = "keepdate_neglected_notices_total"
"""The metric: how many notices were owed and nobody delivered, until they were taken up again."""

_EVER = datetime.min.replace(tzinfo=UTC)

_RUNNING = "WorkflowType = '{type}' AND ExecutionStatus = 'Running'"
_ENDED = "WorkflowType = 'Booking' AND ExecutionStatus = 'Completed'"

log = logging.getLogger("keepdate.rounds")


class Part(IntEnum):
    """What a round goes over, in this order. The numbers stand in heartbeats."""

    RUNNING_BOOKINGS = 0
    RUNNING_STANDINGS = 1
    ENDED_BOOKINGS = 2
    BOOKINGS_ON_RECORD = 3
    STANDINGS_ON_RECORD = 4
    OVERDUE_NOTICES = 5


@dataclass(frozen=True, kw_only=True)
class ComparisonInput:
    """What is compared: everything that lives or is overdue, and bookings that ended so lately.

    All that Temporal still remembers, where `closed_within_hours` is left out.
    """

    closed_within_hours: float | None = None


@dataclass(frozen=True, kw_only=True)
class ComparisonResult:
    """How many were compared, and of how many the record differs, was mended, or is not known.

    `findings` are the first of them, in readable lines.
    """

    compared: int = 0
    differing: int = 0
    mended: int = 0
    unanswered: int = 0
    findings: tuple[Finding, ...] = ()

    def with_page(self, page: Page) -> ComparisonResult:
        """The result after one more page."""
        found = page.findings
        return replace(
            self,
            compared=self.compared + page.compared,
            differing=self.differing + sum(1 for each in found if each.differs),
            mended=self.mended + sum(1 for each in found if each.mended and not each.differs),
            unanswered=self.unanswered + sum(1 for each in found if each.unanswered),
            findings=(*self.findings, *(each.in_brief() for each in found))[:NAMED],
        )


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


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a round that is interrupted goes on from."""

    place: Place = field(default_factory=Place)
    so_far: ComparisonResult = field(default_factory=ComparisonResult)


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
            finding = await self._comparer.compared(
                workflow_id_of(Subject.BOOKING, booking_id), apply=apply
            )
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


_PROGRESS = TypeAdapter(Progress)


class RecordComparer:
    """The activities that go round: the daily comparison, and the frequent look at the ledger."""

    def __init__(self, client: Client, engine: AsyncEngine, task_queue: str) -> None:
        comparer = Comparer(client, engine, task_queue)
        overdue = OverdueNotices(client, engine, task_queue)
        self._rounds = Rounds(client, engine, comparer, overdue)

    @activity.defn(name=COMPARE_RECORDS)
    async def compare_records(self, asked: ComparisonInput) -> ComparisonResult:
        """Compares all, goes on where an attempt before it was interrupted, and says how many."""
        hours = asked.closed_within_hours
        since = None if hours is None else datetime.now(UTC) - timedelta(hours=hours)
        result = await self._round(Place(), closed_since=since)
        activity.metric_meter().create_gauge(
            DIFFERENCES,
            "Bookings and standings of which the record differs from the workflow, and notices that"
            " nobody delivers.",
        ).set(result.differing)
        return result

    @activity.defn(name=SWEEP_LEDGER)
    async def sweep_ledger(self) -> ComparisonResult:
        """Has delivered what is overdue and what nobody delivers, and says how much that was.

        Goes on where an attempt before it was interrupted. What lost its point is superseded.
        """
        result = await self._round(Place(part=Part.OVERDUE_NOTICES), apply=True)
        activity.metric_meter().create_counter(
            NEGLECTED,
            "Notices that were owed, that nobody delivered, and that were taken up again.",
        ).add(result.mended)
        if result.mended or result.unanswered:
            log.warning(
                "of %d overdue notices nobody delivered %d, which are taken up again; of %d a"
                " workflow does not answer",
                result.compared,
                result.mended,
                result.unanswered,
            )
        return result

    async def _round(
        self, beginning: Place, *, apply: bool = False, closed_since: datetime | None = None
    ) -> ComparisonResult:
        told = activity.info().heartbeat_details
        progress = _PROGRESS.validate_python(told[0]) if told else Progress(place=beginning)
        place, so_far = progress.place, progress.so_far
        pages = self._rounds.pages(
            place,
            apply=apply,
            closed_since=closed_since,
            beat=lambda: activity.heartbeat(Progress(place=place, so_far=so_far)),
        )
        async for page in pages:
            so_far = so_far.with_page(page)
            place = page.goes_on or place
        return so_far
