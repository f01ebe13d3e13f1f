"""The proof: everything that was promised, held against everything that is on record."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError

from drills.checker.findings import Findings, Promise
from drills.checker.histories import Live, read_workflow
from drills.checker.lateness import TO_OPEN_A_CASE, follow
from drills.checker.tables import Row, Tables
from drills.journal import Journal

CLOSING = {
    "booking.declined", "booking.expired", "booking.cancelled", "booking.completed",
}  # fmt: skip
BEFORE_THE_START = {
    "session-starts": (timedelta(hours=1), timedelta(days=1)),
    "late-window-opens": (timedelta(days=6),),
}
"""When each reminder of a session is due, before its start."""
WITH_A_CARD = {"booking.requested", "booking.confirmed", "booking.cancelled", "booking.rescheduled"}
_AT_ONCE = 20


async def check(client: Client, database_url: str, journal: Journal) -> Findings:
    """Checks everything that the journal is about."""
    tables = await asyncio.to_thread(
        Tables, database_url, journal.bookings, sorted(journal.providers)
    )
    found = Findings()
    bookings = await _read(client, "booking", journal.bookings, "booking")
    standings = await _read(client, "provider-standing", journal.providers, "standing")
    rows = await asyncio.to_thread(tables.bookings)
    lines = await asyncio.to_thread(tables.lines)
    events = await asyncio.to_thread(tables.events)
    _acknowledged_once(found, journal, bookings, lines)
    _same_state(found, bookings, rows)
    _whole_records(found, lines, events, set(bookings))
    for row in await asyncio.to_thread(tables.overlaps):
        found.hold(Promise.NO_OVERLAP, holds=False, otherwise=f"{row['one']} and {row['other']}")
    found.checked[Promise.NO_OVERLAP] += len(rows)
    _closed_stay_closed(found, events)
    _reminders(found, await asyncio.to_thread(tables.notices), events)
    _counted_right(found, journal, bookings, standings, events)
    _nothing_stuck(found, {**bookings, **standings})
    _whole_decisions(
        found,
        events,
        await asyncio.to_thread(tables.cards),
        await asyncio.to_thread(tables.notices),
    )
    return found


async def _read(client: Client, kind: str, ids: set[str], query: str) -> dict[str, Live]:
    room = asyncio.Semaphore(_AT_ONCE)
    found: dict[str, Live] = {}

    async def one(each: str) -> None:
        async with room:
            try:
                found[each] = await read_workflow(client, f"{kind}/{each}", query)
            except RPCError as error:
                if "not found" not in str(error).lower():
                    raise

    await asyncio.gather(*(one(each) for each in ids))
    return found


def _acknowledged_once(
    found: Findings, journal: Journal, bookings: dict[str, Live], lines: list[Row]
) -> None:
    """Whatever was acknowledged is in its history, and was carried out at most once."""
    applied = Counter(
        (line["subject_id"], line["data"].get("command_id"))
        for line in lines
        if line["outcome"] == "applied" and line["data"].get("command_id")
    )
    for said in journal.said:
        if not said.acknowledged:
            continue
        about = f"{said.command} {said.command_id} of {said.booking_id} by {said.via}"
        live = bookings.get(said.booking_id)
        found.hold(Promise.KEPT, holds=live is not None, otherwise=f"{about}: no workflow")
        if live is None or said.command == "request":
            continue
        kept = sum(told.command_id == said.command_id for told in live.told)
        found.hold(Promise.KEPT, holds=kept > 0, otherwise=f"{about}: not in its history")
        times = applied[said.booking_id, said.command_id]
        at_least = 1 if said.status == 200 else 0  # noqa: PLR2004
        found.hold(
            Promise.ONCE,
            holds=at_least <= times <= 1,
            otherwise=f"{about} ({said.status}): applied {times} times",
        )


def _same_state(found: Findings, bookings: dict[str, Live], rows: dict[str, Row]) -> None:
    """A workflow and its row say the same."""
    for booking_id, live in bookings.items():
        row = rows.get(booking_id)
        if row is None:
            found.hold(Promise.SAME_STATE, holds=False, otherwise=f"{booking_id}: no row")
            continue
        if live.state is None:
            continue
        theirs = (
            live.state["state"], live.state["revision"], _moment(live.state["scheduled_start"])
        )  # fmt: skip
        ours = (row["state"], row["revision"], row["scheduled_start"])
        document = row["document"]
        kept = (document["state"], document["revision"], _moment(document["scheduled_start"]))
        found.hold(
            Promise.SAME_STATE, holds=theirs == ours, otherwise=f"{booking_id}: {theirs} {ours}"
        )
        found.hold(Promise.WHOLE_ROWS, holds=kept == ours, otherwise=f"{booking_id}: {kept} {ours}")


def _whole_records(
    found: Findings, lines: list[Row], events: list[Row], bookings: set[str]
) -> None:
    """Lines and events are numbered without a gap, and the lines tell the events in their order."""
    told: dict[str, list[str]] = defaultdict(list)
    for subject, group in groupby(lines, key=lambda line: (line["subject"], line["subject_id"])):
        mine = list(group)
        numbers = [line["seq"] for line in mine]
        found.hold(
            Promise.NO_GAP,
            holds=numbers == list(range(1, len(numbers) + 1)),
            otherwise=f"timeline of {subject}: {numbers}",
        )
        for line in mine:
            told[subject[1]] += line["data"].get("events", [])
    happened: dict[str, list[str]] = defaultdict(list)
    for subject, group in groupby(
        events, key=lambda event: (event["subject"], event["subject_id"])
    ):
        mine = list(group)
        numbers = [event["seq"] for event in mine]
        found.hold(
            Promise.NO_GAP,
            holds=numbers == list(range(1, len(numbers) + 1)),
            otherwise=f"events of {subject}: {numbers}",
        )
        happened[subject[1]] = [event["type"] for event in mine]
    for each in bookings:
        found.hold(
            Promise.TOLD_IN_ORDER,
            holds=told[each] == happened[each],
            otherwise=f"{each}: {told[each]} {happened[each]}",
        )


def _closed_stay_closed(found: Findings, events: list[Row]) -> None:
    for subject, group in groupby(
        events, key=lambda event: (event["subject"], event["subject_id"])
    ):
        types = [event["type"] for event in group if event["subject"] == "booking"]
        closed = [number for number, each in enumerate(types) if each in CLOSING]
        after = types[closed[0] + 1 :] if closed else []
        found.hold(
            Promise.CLOSED,
            holds=all(each == "late-event.reported" for each in after),
            otherwise=f"{subject}: {after} after it was closed",
        )


def _reminders(found: Findings, notices: list[Row], events: list[Row]) -> None:
    """Nobody was reminded of a date that had been amended, or of a booking that was closed."""
    dates: dict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for event in events:
        match event["type"]:
            case "booking.confirmed" | "booking.rescheduled":
                start = _moment(event["data"]["start"])
                dates[event["subject_id"]].append((event["occurred_at"], start))
            case each if each in CLOSING:
                dates[event["subject_id"]].append((event["occurred_at"], None))
    for notice in notices:
        # A mail may be on its way while the date is amended: that is checked of its attempts.
        if notice["channel"] != "inbox" or notice["state"] != "sent":
            continue
        if notice["kind"] not in BEFORE_THE_START:
            continue
        sent = notice["ended_at"] or notice["created_at"]
        stood = [start for since, start in dates[notice["booking_id"]] if since <= sent]
        expected = stood[-1] if stood else None
        found.hold(
            Promise.REMINDED_OF_WHAT_IS,
            holds=expected is not None
            and notice["session_start"] == expected
            and expected - notice["due_at"] in BEFORE_THE_START[notice["kind"]],
            otherwise=f"{notice['booking_id']}: reminded of {notice['session_start']} at {sent},"
            f" when it was {expected}",
        )


def _counted_right(
    found: Findings,
    journal: Journal,
    bookings: dict[str, Live],
    standings: dict[str, Live],
    events: list[Row],
) -> None:
    """Each provider's late counts are what the histories of their bookings come to."""
    owner = {said.booking_id: said.provider_id for said in journal.said}
    cancellations: Counter[str] = Counter()
    reschedules: Counter[str] = Counter()
    late: dict[str, list[str]] = defaultdict(list)
    for booking_id, live in bookings.items():
        followed = follow(live)
        if followed.late_cancellations or followed.late_reschedules:
            late[owner[booking_id]].append(booking_id)
        cancellations[owner[booking_id]] += followed.late_cancellations
        reschedules[owner[booking_id]] += followed.late_reschedules
    suspended = {each["subject_id"] for each in events if each["type"] == "topics.suspended"}
    for provider_id in journal.providers:
        standing = standings.get(provider_id)
        state: dict[str, Any] = (standing.state if standing is not None else None) or {}
        counted = (state.get("late_cancellations", 0), state.get("late_reschedules", 0))
        expected = (cancellations[provider_id], reschedules[provider_id])
        found.hold(
            Promise.LATE_COUNTS,
            holds=counted == expected,
            otherwise=f"{provider_id}: {counted}, not {expected}, of {late[provider_id]}",
        )
        due = max(expected) >= TO_OPEN_A_CASE
        found.hold(
            Promise.CASES,
            holds=(state.get("status") == "case-open") == due,
            otherwise=f"{provider_id}: {state.get('status')} with {expected}",
        )
        found.hold(
            Promise.NOT_SUSPENDED,
            holds=provider_id not in suspended,
            otherwise=f"{provider_id} is suspended, and no case is seven days old",
        )


def _nothing_stuck(found: Findings, workflows: dict[str, Live]) -> None:
    for live in workflows.values():
        found.hold(
            Promise.NOT_STUCK,
            holds=not live.problems,
            otherwise=f"{live.workflow_id}: {live.problems}",
        )


def _whole_decisions(
    found: Findings, events: list[Row], cards: set[str], notices: list[Row]
) -> None:
    """What belongs to an event was written with it: its card, and its notices."""
    sources = {notice["source"].rsplit("/", 2)[0] for notice in notices}
    for event in events:
        if event["type"] in WITH_A_CARD:
            name = f"{event['subject_id']}/{event['seq']}"
            found.hold(Promise.WHOLE_DECISIONS, holds=name in cards, otherwise=f"{name}: no card")
            found.hold(
                Promise.WHOLE_DECISIONS,
                holds=f"booking/{name}" in sources,
                otherwise=f"{name}: nobody was told",
            )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
