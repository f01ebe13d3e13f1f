"""Every late event of a standing, carried or not, and what each booking has reported."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import late_events as reported
from db.schema import standing_late_events as late_events
from domain.lateness import LateKind
from domain.standing.fold import Missed, OnRecordOnly
from domain.standing.state import Claim, ClaimStatus, LateEvent


@dataclass(frozen=True, kw_only=True)
class LateEventRow:
    """A late event, whether it counts as things stand, and its place among the provider's."""

    place: int
    event: LateEvent
    counts: bool
    claim: Claim | None


async def list_late_events(
    conn: AsyncConnection, provider_id: str, *, limit: int, after: int | None = None
) -> list[LateEventRow]:
    """The late events of a provider, the newest on record first, from below `after` on."""
    query = _of(provider_id).order_by(late_events.c.place.desc()).limit(limit)
    if after is not None:
        query = query.where(late_events.c.place < after)
    return list(map(_row, await conn.execute(query)))


async def get_late_events(
    conn: AsyncConnection, provider_id: str, ids: Collection[str]
) -> list[LateEventRow]:
    """Those of some late events that are on record, as they came."""
    if not ids:
        return []
    query = _of(provider_id).where(late_events.c.id.in_(ids)).order_by(late_events.c.place)
    return list(map(_row, await conn.execute(query)))


async def ids_of_booking(conn: AsyncConnection, booking_id: str) -> list[str]:
    """The late events that a booking has reported, as they came."""
    found = await conn.scalars(
        select(reported.c.id)
        .where(reported.c.booking_id == booking_id)
        .order_by(reported.c.reported_at, reported.c.id)
    )
    return list(found)


async def recall_late_events(conn: AsyncConnection, missed: Missed) -> OnRecordOnly:
    """What a standing has folded and needs back."""
    theirs = _of(missed.provider_id)
    if missed.known is not None:
        theirs = theirs.where(late_events.c.place <= missed.known)
    if missed.oldest:
        query = (
            theirs.where(
                late_events.c.counts,
                late_events.c.kind.in_(missed.oldest),
                late_events.c.id.not_in(missed.carried),
            )
            .order_by(late_events.c.initiated_at, late_events.c.id)
            .limit(missed.most)
        )
    else:
        query = theirs.where(late_events.c.id.in_(missed.ids)).order_by(late_events.c.place)
    found = list(map(_row, await conn.execute(query)))
    return OnRecordOnly(
        events=tuple(row.event for row in found),
        claims=tuple(row.claim for row in found if row.claim),
    )


def _of(provider_id: str) -> Select[tuple[object, ...]]:
    return select(late_events).where(late_events.c.provider_id == provider_id)


def _row(row: Row[tuple[object, ...]]) -> LateEventRow:
    event = LateEvent(
        id=row.id,
        booking_id=row.booking_id,
        kind=LateKind(row.kind),
        scheduled_start=row.scheduled_start,
        initiated_at=row.initiated_at,
        margin_seconds=row.margin_seconds,
        late=row.late,
        excused=row.excused,
        settled=row.settled,
        aged=row.aged,
    )
    claim = row.claim and Claim(
        id=row.id,
        booking_id=row.booking_id,
        due_at=row.claim_due_at,
        status=ClaimStatus(row.claim),
    )
    return LateEventRow(place=row.place, event=event, counts=row.counts, claim=claim)
