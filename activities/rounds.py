"""Going round everything that Temporal and the database know of, page by page."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities.comparing import Comparer, Finding
from db.personal.pseudonym import is_pseudonym
from db.queries.subjects import open_bookings, providers_with_standing
from db.recording.journal import Subject

COMPARE_RECORDS = "compare-records"

AT_ONCE = 20
"""So many workflows are asked at the same time: a query may take a replay, and others wait too."""

PAGE = 200
NAMED = 50
"""The result of a comparison names this many findings; `keepdate repair` prints all."""

DIFFERENCES = "keepdate_differences"
"""The metric: of how many bookings and standings the record differs from the workflow."""

_RUNNING = "WorkflowType = '{type}' AND ExecutionStatus = 'Running'"
_ENDED = "WorkflowType = 'Booking' AND ExecutionStatus = 'Completed'"


@dataclass(frozen=True, kw_only=True)
class ComparisonInput:
    """What is compared: everything that lives, and bookings that ended so lately.

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
    """What a comparison that is interrupted goes on from."""

    place: Place = field(default_factory=Place)
    so_far: ComparisonResult = field(default_factory=ComparisonResult)


class Rounds:
    """A round over all workflows, and over all that should have one. Bounded in all it holds."""

    def __init__(self, client: Client, engine: AsyncEngine, comparer: Comparer) -> None:
        self._client = client
        self._engine = engine
        self._comparer = comparer
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
        parts: tuple[str | Subject, ...] = (*running, ended, Subject.BOOKING, Subject.STANDING)
        number, after = place.part, place.after
        while number < len(parts):
            part = parts[number]
            if isinstance(part, Subject):
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
    """The activity of the daily comparison."""

    def __init__(self, client: Client, engine: AsyncEngine, task_queue: str) -> None:
        self._rounds = Rounds(client, engine, Comparer(client, engine, task_queue))

    @activity.defn(name=COMPARE_RECORDS)
    async def compare_records(self, asked: ComparisonInput) -> ComparisonResult:
        """Compares all, goes on where an attempt before it was interrupted, and says how many."""
        told = activity.info().heartbeat_details
        progress = _PROGRESS.validate_python(told[0]) if told else Progress()
        hours = asked.closed_within_hours
        since = None if hours is None else datetime.now(UTC) - timedelta(hours=hours)
        place, so_far = progress.place, progress.so_far
        pages = self._rounds.pages(
            place,
            closed_since=since,
            beat=lambda: activity.heartbeat(Progress(place=place, so_far=so_far)),
        )
        async for page in pages:
            so_far = so_far.with_page(page)
            place = page.goes_on or place
        activity.metric_meter().create_gauge(
            DIFFERENCES, "Bookings and standings of which the record differs from the workflow."
        ).set(so_far.differing)
        return so_far
