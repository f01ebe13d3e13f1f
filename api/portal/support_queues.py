"""The Queues tab: what waits for support, each with all that it takes to decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.responses import Response

from api.portal.forms import page_router
from api.portal.names import names_of
from api.portal.rendering import render
from api.portal.session import SupportIn
from api.portal.standing_file import ClaimLine, ProofLine, StandingFile, files_of
from api.portal.start_fields import local_value
from api.portal.tab_counts import tab_counts
from api.services import Parts, clock
from db.queries.queues import (
    cases_due,
    reschedules_to_approve,
    standings_with_claims,
    standings_with_proofs,
)
from domain.booking.state import Booking
from domain.party import Party, Role
from domain.standing.state import ClaimStatus, ProofStatus, Standing

router = page_router("/queues")

_AT_MOST = 20
"""So many of each queue are shown: more than anybody decides in one go."""

_SOON = timedelta(days=3)


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A new date that the client has accepted.

    `filled_in` is the date as a field of a local date and time takes it; None where that would be
    another instant, as in the hour that comes twice.
    """

    booking: Booking
    start: datetime
    filled_in: str | None


@router.get("")
async def show_queues(request: Request, viewer: SupportIn, parts: Parts) -> Response:
    """New dates to enter, proofs to review, claims to settle, and cases that soon end."""
    now = clock()
    async with parts.engine.connect() as conn:
        bookings = await reschedules_to_approve(conn, limit=_AT_MOST + 1)
        proofs = await standings_with_proofs(conn, limit=_AT_MOST + 1)
        claims = await standings_with_claims(conn, limit=_AT_MOST + 1)
        due = await cases_due(conn, before=now + _SOON, limit=_AT_MOST + 1)
        with_proofs = await files_of(request, conn, proofs[:_AT_MOST])
        with_claims = await files_of(request, conn, claims[:_AT_MOST])
        names = await names_of(request, conn, _people(bookings, (*proofs, *claims, *due)))
        counts = await tab_counts(conn, viewer.party)
    return render(
        request,
        viewer,
        "queues.html",
        tab="queues",
        counts=counts,
        names=names,
        approvals=[
            each for booking in bookings[:_AT_MOST] for each in _approval(booking, viewer.zone)
        ],
        proofs=_proofs(with_proofs),
        claims=_claims(with_claims),
        due=[(case.provider_id, case.case) for case in due[:_AT_MOST]],
        ends_today=lambda at: _day(at, viewer.zone) <= _day(now, viewer.zone),
        at_most=_AT_MOST,
        cut=[len(found) > _AT_MOST for found in (bookings, proofs, claims, due)],
    )


def _approval(booking: Booking, zone: ZoneInfo) -> Iterable[Approval]:
    start = booking.reschedule.accepted_start if booking.reschedule else None
    if start is not None:
        yield Approval(booking=booking, start=start, filled_in=local_value(start, zone))


def _proofs(files: Iterable[StandingFile]) -> list[tuple[StandingFile, ProofLine]]:
    """The proofs to review, the first brought first."""
    found = [
        (file, line)
        for file in files
        for line in file.proofs
        if line.proof.status is ProofStatus.SUBMITTED
    ]
    return sorted(found, key=lambda each: each[1].proof.submitted_at)


def _claims(files: Iterable[StandingFile]) -> list[tuple[StandingFile, ClaimLine]]:
    """The claims to settle: the contested first, then by when they would count by themselves."""
    found = [(file, line) for file in files for line in file.claims if not line.is_settled]
    return sorted(
        found,
        key=lambda each: (each[1].claim.status is ClaimStatus.OPEN, each[1].claim.due_at),
    )


def _people(bookings: Iterable[Booking], standings: Iterable[Standing]) -> set[Party]:
    return {
        *(Party(role=Role.PROVIDER, id=booking.provider_id) for booking in bookings),
        *(Party(role=Role.CLIENT, id=booking.client_id) for booking in bookings),
        *(Party(role=Role.PROVIDER, id=standing.provider_id) for standing in standings),
    }


def _day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()
