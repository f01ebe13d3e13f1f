"""Writing down what has become of each late event, so that a standing need not carry them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import ColumnElement, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import standing_late_events as late_events
from domain.standing import events as happened
from domain.standing.events import StandingEvent
from domain.standing.state import Claim, ClaimStatus, LateEvent


async def write(
    conn: AsyncConnection, provider_id: str, numbered: Sequence[tuple[int, StandingEvent]]
) -> None:
    """Follows the events of one decision, each with its number among the standing's events."""
    # A claim is opened before its event is on record, and both are one row.
    claims = {event.claim.id: event.claim for event in _opened(numbered)}
    for seq, event in numbered:
        match event:
            case happened.LateEventRecorded(event=late):
                row = _row(provider_id, seq, late, claims.get(late.id))
                await conn.execute(insert(late_events).values(row))
            case happened.LateEventsExcused(ids=ids):
                await _mark(conn, provider_id, late_events.c.id.in_(ids), excused=True)
            case happened.LateEventsAged(ids=ids):
                await _mark(conn, provider_id, late_events.c.id.in_(ids), aged=True)
            case happened.ClaimContested(claim_id=claim_id):
                await _mark_claim(conn, provider_id, claim_id, ClaimStatus.CONTESTED)
            case happened.ClaimUpheld(claim_id=claim_id):
                await _mark_claim(conn, provider_id, claim_id, ClaimStatus.UPHELD)
            case happened.ClaimDismissed(claim_id=claim_id):
                await _mark_claim(conn, provider_id, claim_id, ClaimStatus.DISMISSED)
            case happened.TopicsReinstated(settled=settled, settled_besides=besides):
                # Whatever counts is settled; to name each would make the event as long as the list.
                which = late_events.c.counts if besides else late_events.c.id.in_(settled)
                await _mark(conn, provider_id, which, settled=True)
            case _:
                pass


def _opened(numbered: Iterable[tuple[int, StandingEvent]]) -> list[happened.ClaimOpened]:
    return [event for _, event in numbered if isinstance(event, happened.ClaimOpened)]


def _row(provider_id: str, place: int, late: LateEvent, claim: Claim | None) -> dict[str, object]:
    return {
        "provider_id": provider_id,
        "place": place,
        **asdict(late),
        "kind": late.kind.value,
        "claim": claim and claim.status.value,
        "claim_due_at": claim and claim.due_at,
    }


async def _mark(
    conn: AsyncConnection, provider_id: str, which: ColumnElement[bool], **marks: object
) -> None:
    of_provider = late_events.c.provider_id == provider_id
    await conn.execute(update(late_events).where(of_provider, which).values(marks))


async def _mark_claim(
    conn: AsyncConnection, provider_id: str, claim_id: str, status: ClaimStatus
) -> None:
    await _mark(conn, provider_id, late_events.c.id == claim_id, claim=status.value)
