"""Going round everything that Temporal and the database know of, page by page."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import partial

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities.comparing import Comparer, Finding
from activities.overdue import OverdueNotices
from db.personal.pseudonym import is_pseudonym
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

_RUNNING = "WorkflowType = '{type}' AND ExecutionStatus = 'Running'"
_ENDED = "WorkflowType = 'Booking' AND ExecutionStatus = 'Completed'"

log = logging.getLogger("keepdate.rounds")


class _Part(Enum):
    """What a round goes over that is neither a list of workflows nor of their subjects."""

    NOTICES = auto()


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
            findings=(*self.findings, *found)[:NAMED],
        )


@dataclass(frozen=True, kw_only=True)
class Place:
    """How far a round has come: which part of it, and from where on in that part."""

    part: int = 0
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


OVERDUE = Place(part=5)
"""The last part of a round: what is owed for long, and whether anybody delivers it."""


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
        ended = (
            _ENDED if closed_since is None else f"{_ENDED} AND CloseTime > '{closed_since:%FT%TZ}'"
        )
        running = (_RUNNING.format(type=name) for name in ("Booking", "ProviderStanding"))
        parts: tuple[str | Subject | _Part, ...] = (
            *running,
            ended,
            Subject.BOOKING,
            Subject.STANDING,
            _Part.NOTICES,
        )
        number, after = place.part, place.after
        while number < len(parts):
            part = parts[number]
            if part is _Part.NOTICES:
                compared, findings, after = await self._owed(after, apply, beat)
            elif isinstance(part, Subject):
                compared, findings, after = await self._on_record(part, after, apply, beat)
            else:
                compared, findings, after = await self._listed(part, after, apply, beat)
            number += not after
            goes_on = Place(part=number, after=after) if number < len(parts) else None
            yield Page(compared=compared, findings=findings, goes_on=goes_on)

    async def one(self, workflow_id: str, *, apply: bool) -> Page:
        """Compare one workflow alone."""
        finding = await self._comparer.compared(workflow_id, apply=apply)
        return Page(compared=1, findings=(finding,) if finding else (), goes_on=None)

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
        self, subject: Subject, after: str, apply: bool, beat: Callable[[], None]
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
        found = await self._all(
            [
                partial(self._comparer.without_workflow, subject, each, apply=apply)
                for each in alone
            ],
            beat,
        )
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
        result = await self._round(OVERDUE, apply=True)
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
