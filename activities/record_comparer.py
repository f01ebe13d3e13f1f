"""The activities that go round: the daily comparison, and the frequent look at the ledger."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities.comparing import Comparer, Finding
from activities.overdue import OverdueNotices
from activities.rounds import Page, Part, Place, Rounds

COMPARE_RECORDS = "compare-records"
SWEEP_LEDGER = "sweep-ledger"

NAMED = 50
"""The result of a comparison names this many findings; `keepdate repair` prints all."""

DIFFERENCES = "keepdate_differences"
"""The metric: of how many bookings and standings the record differs from the workflow, and how many
notices nobody delivers."""

NEGLECTED = "keepdate_neglected_notices_total"
"""The metric: how many notices were owed and nobody delivered, until they were taken up again."""

log = logging.getLogger("keepdate.rounds")


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
class Progress:
    """What a round that is interrupted goes on from."""

    place: Place = field(default_factory=Place)
    so_far: ComparisonResult = field(default_factory=ComparisonResult)


_PROGRESS = TypeAdapter(Progress)


class RecordComparer:
    """Goes round everything, and says in Temporal and to Prometheus what it has found."""

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
