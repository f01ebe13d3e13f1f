"""`keepdate repair`: what differs between the workflows and the record, and mending it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from activities.comparing import Comparer, Finding
from activities.executions import described
from activities.overdue import OverdueNotices
from activities.record_comparer import ComparisonResult
from activities.rounds import Page, Place, Rounds
from db.queries.bookings import get_booking, get_intent
from domain.workflow_ids import booking_workflow_id
from ops import OperatorError, Say
from ops.connections import Stack


async def repair(
    stack: Stack,
    say: Say,
    *,
    apply: bool,
    as_json: bool,
    booking: str | None = None,
    closed_within: timedelta | None = None,
    pause: float = 1.0,
) -> bool:
    """Compare everything, or one booking; say what differs. Whether all is as it should be now.

    Each finding is said when it is found, one a line; the last line counts them. Raises
    OperatorError for a booking that nobody knows of.
    """
    if booking is not None and not await _is_known(stack, booking):
        raise OperatorError(f"there is no booking {booking}")
    comparer = Comparer(stack.client, stack.engine, stack.task_queue, pause=pause)
    overdue = OverdueNotices(stack.client, stack.engine, stack.task_queue)
    rounds = Rounds(stack.client, stack.engine, comparer, overdue)
    result = ComparisonResult()
    async for page in _pages(rounds, apply, booking, closed_within):
        for finding in page.findings:
            for line in [json.dumps(asdict(finding))] if as_json else in_words(finding):
                say(line)
        result = result.with_page(page)
    counts = {
        "compared": result.compared,
        "differing": result.differing,
        "mended": result.mended,
        "unanswered": result.unanswered,
    }
    say(json.dumps(counts) if as_json else _summary(result))
    return not (result.differing or result.unanswered)


async def _pages(
    rounds: Rounds, apply: bool, booking: str | None, closed_within: timedelta | None
) -> AsyncIterator[Page]:
    if booking is not None:
        yield await rounds.one(booking, apply=apply)
        return
    since = datetime.now(UTC) - closed_within if closed_within is not None else None
    async for page in rounds.pages(Place(), apply=apply, closed_since=since):
        yield page


async def _is_known(stack: Stack, booking_id: str) -> bool:
    async with stack.engine.connect() as conn:
        if await get_booking(conn, booking_id) or await get_intent(conn, booking_id):
            return True
    # What the record has lost, Temporal may still know.
    return await described(stack.client, booking_workflow_id(booking_id)) is not None


def in_words(finding: Finding) -> list[str]:
    """A finding in lines that can be read, each of them whole by itself."""
    whose = f"{finding.subject} {finding.id}"
    lines = [f"{whose}: MENDED {each}" for each in finding.mended]
    lines += [f"{whose}: {each}" for each in finding.differs]
    if finding.unanswered:
        lines.append(f"{whose}: NOT COMPARED, its workflow does not answer: {finding.unanswered}")
    if finding.why:
        lines.append(f"{whose}: LEFT AS IT IS: {finding.why}")
    if finding.remark:
        lines.append(f"{whose}: NOTE {finding.remark}")
    return lines


def _summary(result: ComparisonResult) -> str:
    if not (result.differing or result.mended or result.unanswered):
        return f"{result.compared} compared: nothing differs."
    return (
        f"{result.compared} compared: {result.differing} differ, {result.mended} mended,"
        f" {result.unanswered} could not be asked."
    )
