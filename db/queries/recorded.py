"""All that ever happened to the providers, one after the other, to be judged by other rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from pydantic import TypeAdapter
from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from db.documents import booking_event_from, standing_event_from
from db.queries.standings import get_standing
from db.schema import bookings, decisions, events, standings
from domain.booking.events import BookingEvent
from domain.party import Party, Role
from domain.record import Subject
from domain.standing.commands import COMMANDS, StandingCommand
from domain.standing.events import StandingEvent
from domain.standing.state import Standing

_BOOKINGS_AT_ONCE = 200
_ACTS = ("booking.cancelled", "reschedule.proposed", "booking.rescheduled")
"""What a booking without one of these has never reported, and never would have."""

_ADAPTERS = {name: TypeAdapter(command) for name, command in COMMANDS.items()}


@dataclass(frozen=True, kw_only=True)
class RecordedStanding:
    """A standing as it is, the commands that it was given, and what came of them."""

    standing: Standing | None
    given: tuple[StandingCommand, ...]
    events: tuple[StandingEvent, ...]


async def providers(conn: AsyncConnection, *, limit: int, after: str = "") -> list[str]:
    """Everybody who has had a booking or has a standing, in the order of ids."""
    both = union(
        *(
            select(table.c.provider_id)
            .where(table.c.provider_id > after)
            .distinct()
            .order_by(table.c.provider_id)
            .limit(limit)
            for table in (bookings, standings)
        )
    ).subquery()
    found = await conn.scalars(select(both.c.provider_id).order_by(both.c.provider_id).limit(limit))
    return list(found)


async def recorded_standing(conn: AsyncConnection, provider_id: str) -> RecordedStanding:
    """What is on record of a standing, oldest first. What the clock did is not a command."""
    lines = await conn.execute(
        select(decisions)
        .where(
            decisions.c.subject == Subject.STANDING,
            decisions.c.subject_id == provider_id,
            decisions.c.outcome == "applied",
            decisions.c.command.in_(COMMANDS),
        )
        .order_by(decisions.c.seq)
    )
    given = [
        _ADAPTERS[line.command].validate_python(
            {
                **line.data["inputs"],
                "by": Party(role=Role(line.by_role), id=line.by_id),
                "at": line.given_at,
            }
        )
        for line in lines
    ]
    happened = await conn.scalars(
        select(events.c.data)
        .where(
            events.c.subject == Subject.STANDING,
            events.c.subject_id == provider_id,
            events.c.seq.is_not(None),
        )
        .order_by(events.c.seq)
    )
    return RecordedStanding(
        standing=await get_standing(conn, provider_id),
        given=tuple(given),
        events=tuple(map(standing_event_from, happened)),
    )


async def recorded_acts(
    conn: AsyncConnection, provider_id: str, *, limit: int = _BOOKINGS_AT_ONCE, after: str = ""
) -> tuple[dict[str, tuple[BookingEvent, ...]], str | None]:
    """The events of a provider's bookings in which something was cancelled or moved.

    By booking, those from the one after `after` on, and where to go on; None at the end. Bookings
    without such an act have no events here.
    """
    ids = list(
        await conn.scalars(
            select(bookings.c.id)
            .where(bookings.c.provider_id == provider_id, bookings.c.id > after)
            .order_by(bookings.c.id)
            .limit(limit)
        )
    )
    of_bookings = events.c.subject == Subject.BOOKING
    acted = select(events.c.subject_id).where(
        of_bookings, events.c.subject_id.in_(ids), events.c.type.in_(_ACTS)
    )
    rows = await conn.execute(
        select(events.c.subject_id, events.c.data)
        .where(of_bookings, events.c.subject_id.in_(acted), events.c.seq.is_not(None))
        .order_by(events.c.subject_id, events.c.seq)
    )
    found: dict[str, tuple[BookingEvent, ...]] = dict.fromkeys(ids, ())
    for booking_id, group in groupby(rows, key=lambda row: str(row.subject_id)):
        found[booking_id] = _events([row.data for row in group])
    return found, ids[-1] if len(ids) == limit else None


def _events(documents: Sequence[dict[str, object]]) -> tuple[BookingEvent, ...]:
    return tuple(map(booking_event_from, documents))
