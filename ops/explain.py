"""`keepdate explain`: one booking from its request on, as support can read it to a caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.queries.bookings import get_booking, get_intent
from db.queries.late_events import get_late_events, ids_of_booking
from db.queries.notices import SentRow, notices_of_booking
from db.queries.timelines import booking_timeline
from domain.booking.awaited import awaited
from domain.booking.deadlines import next_deadline
from domain.booking.state import Booking
from domain.instants import in_words, rfc3339, to_the_second
from domain.party import SUPPORT_DESK, THE_CLOCK
from domain.record import Entry
from ops import Say


@dataclass(frozen=True, kw_only=True)
class Story:
    """All that is on record of one booking."""

    booking: Booking
    refused: int
    lines: list[Entry]
    notices: list[SentRow]
    late: list[str]


async def explain(engine: AsyncEngine, booking_id: str, say: Say) -> bool:
    """Say what is on record of a booking. False if nothing is."""
    async with engine.connect() as conn:
        await conn.execution_options(isolation_level="REPEATABLE READ")
        story = await _read(conn, booking_id)
        if story is None:
            say(await _why_not(conn, booking_id))
            return False
    for line in told(story):
        say(line)
    return True


async def _read(conn: AsyncConnection, booking_id: str) -> Story | None:
    row = await get_booking(conn, booking_id)
    if row is None:
        return None
    booking = row.booking
    ids = await ids_of_booking(conn, booking_id)
    counted = {it.event.id: it for it in await get_late_events(conn, booking.provider_id, ids)}
    late = []
    for event_id in ids:
        known = counted.get(event_id)
        if known is None:
            late.append(f"{event_id}: reported, and not yet known to the provider's standing")
            continue
        marks = [name for name in ("excused", "settled", "aged") if getattr(known.event, name)]
        claim = [f"claim {known.claim.status}"] if known.claim else []
        counts = "counts" if known.counts else "does not count"
        late.append(f"{event_id}: {counts}{''.join(f', {each}' for each in [*marks, *claim])}")
    return Story(
        booking=booking,
        refused=row.refused,
        lines=await booking_timeline(conn, booking_id),
        notices=await notices_of_booking(conn, booking_id, seen_by=SUPPORT_DESK, most=None),
        late=late,
    )


async def _why_not(conn: AsyncConnection, booking_id: str) -> str:
    intent = await get_intent(conn, booking_id)
    if intent is None:
        return f"Nothing is on record of a booking {booking_id}."
    return (
        f"Booking {booking_id} was asked for by client {intent.client_id} at"
        f" {rfc3339(intent.created_at)}, and is not recorded: it was refused, or waits for a"
        " worker."
    )


def told(story: Story) -> list[str]:
    """A story in lines."""
    booking = story.booking
    title = f", {booking.title}" if booking.title else ""
    lines = [
        f"Booking {booking.id}{title}: {booking.state}",
        f"Client {booking.client_id} with provider {booking.provider_id},"
        f" {booking.duration_minutes} minutes, policy {booking.policy.name}.",
        f"Now: {_waits_for(booking)}",
        "",
        "What was decided:",
        *(line for entry in story.lines for line in _decision(entry)),
    ]
    if story.refused:
        lines.append(f"  Refused and put on record, in all: {story.refused}.")
    if story.late:
        lines += ["", "What was late, at the provider's standing:"]
        lines += [f"  {each}" for each in story.late]
    lines += [
        "",
        "Who was told:",
        *(map(_notice, story.notices) if story.notices else ["  Nobody."]),
    ]
    return lines


def _waits_for(booking: Booking) -> str:
    deadline = next_deadline(booking)
    if deadline is None:
        return f"it was closed at {rfc3339(booking.decided_at)}, and waits for nothing."
    date = f" It is scheduled for {rfc3339(start)}." if (start := booking.scheduled_start) else ""
    return (
        f"it waits for {awaited(booking)}; by itself, {deadline} at {rfc3339(deadline.at)}.{date}"
    )


def _decision(entry: Entry) -> list[str]:
    code = f" REFUSED {entry.code}:" if entry.outcome == "refused" else ""
    given = to_the_second(entry.given_at)
    late_by = entry.handled_at - entry.given_at
    waited = f" (decided {in_words(late_by)} later)" if late_by.total_seconds() >= 1 else ""
    lines = [
        f"  {given} {_who(entry)}: {entry.command}.{code} {entry.text}{waited}",
        f"      Rule: {entry.rule}",
    ]
    receipt: dict[str, Any] | None = entry.data.get("receipt")
    if receipt:
        judged = "late" if receipt["late"] else "not late"
        lines.append(
            f"      Receipt: initiated {receipt['initiated_at']}, session"
            f" {receipt['scheduled_start']}, {receipt['margin_seconds']} s between them; within"
            f" {receipt['late_within_seconds']} s is late: {judged}."
        )
    reason = (entry.data.get("inputs") or {}).get("reason")
    if reason:
        lines.append(f"      In their words: {reason}")
    return lines


def _who(entry: Entry) -> str:
    return "the clock" if entry.by == THE_CLOCK else str(entry.by)


def _notice(notice: SentRow) -> str:
    why = f", {notice.reason}" if notice.reason else ""
    tries = f", tried {notice.attempts} times" if notice.attempts > 1 else ""
    return (
        f"  {to_the_second(notice.due_at)} {notice.to}: {notice.kind} by {notice.channel}:"
        f" {notice.state}{why}{tries}"
    )
