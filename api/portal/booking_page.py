"""The page of one booking, as it is now: the same whether it is opened or a form was refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import booking_of
from api.bookings import not_recorded
from api.logistics import WITH_LOGISTICS
from api.portal.act import Outcome
from api.portal.forms import Form
from api.portal.names import names_of
from api.portal.rendering import render
from api.portal.sent import in_words
from api.portal.session import Viewer
from api.portal.start_fields import FIELDS, earliest, local_value
from api.portal.starts import Start, in_both_zones
from api.portal.tab_counts import tab_counts
from api.portal.timelines import Teller, newest_first
from api.portal.told import told
from api.portal.waiting import waiting_for
from api.services import Services, clock
from api.settings import settings_of
from config_temporal import workflow_page
from db.queries.bookings import BookingRow, Intent
from db.queries.conversations import find_conversation
from db.queries.notices import notices_of_booking
from db.queries.standings import standing_as_of
from db.queries.timelines import booking_timeline
from domain.booking.deadlines import late_from
from domain.booking.state import Booking, CancellationStatus, RescheduleStatus
from domain.booking.view import allowed_actions, counted_already, preview_receipt
from domain.party import Party, Role
from domain.standing.view import preview_json
from domain.workflow_ids import booking_workflow_id

_FORESEEN = ("ask-cancel", "propose-reschedule")


async def booking_page(
    request: Request,
    viewer: Viewer,
    parts: Services,
    booking_id: str,
    *,
    outcome: Outcome | None = None,
    form: Form | None = None,
) -> Response:
    """The page of a booking that concerns the viewer, read anew. Raises the problem 404."""
    found = await booking_of(parts, viewer.party, booking_id)
    if isinstance(found, Intent):
        return await _taken_page(request, viewer, parts, found, outcome, form)
    booking, now = found.booking, clock()
    async with parts.engine.connect() as conn:
        known = await _known(request, conn, viewer, found, now)
    if outcome is not None and not outcome.accepted:
        # What the rules say of an instant, they say in UTC.
        outcome = replace(outcome, text=told(outcome.text, viewer.zone, now))
    return render(
        request,
        viewer,
        "booking.html",
        tab="bookings",
        outcome=outcome,
        form=form,
        live_page=f"/bookings/{booking.id}",
        booking=booking,
        logistics=found.logistics,
        has_logistics=booking.state in WITH_LOGISTICS,
        waiting=waiting_for(booking, viewer.role),
        actions=allowed_actions(booking, viewer.party, now),
        is_on_record=_is_on_record(booking),
        start_fields=FIELDS,
        earliest=earliest(viewer.zone, now),
        accepted_value=_accepted_value(booking, viewer),
        workflow_page=_workflow_page(request, viewer, booking),
        **known,
    )


async def _known(
    request: Request, conn: AsyncConnection, viewer: Viewer, found: BookingRow, now: datetime
) -> dict[str, Any]:
    """What the page shows besides the booking itself."""
    booking = found.booking
    entries = await booking_timeline(conn, booking.id)
    provider = Party(role=Role.PROVIDER, id=booking.provider_id)
    client = Party(role=Role.CLIENT, id=booking.client_id)
    names = await names_of(request, conn, [provider, client, *(entry.by for entry in entries)])
    other = provider if viewer.role is Role.CLIENT else client
    there = names.zone(other)
    proposal = booking.reschedule

    def starts(instants: Iterable[datetime]) -> list[Start]:
        return in_both_zones(instants, here=viewer.zone, there=there, now=now)

    return {
        "counts": await tab_counts(conn, viewer.party),
        "names": names,
        "other": other,
        "other_zone": there,
        "preferred": starts(booking.preferred_starts),
        "proposed": starts(proposal.starts) if proposal else [],
        "scheduled": starts((booking.scheduled_start,))[0] if booking.scheduled_start else None,
        "timeline": newest_first(entries, Teller(viewer.zone, now, {}), names),
        "sent": in_words(await notices_of_booking(conn, booking.id, seen_by=viewer.party), names),
        "refusals_left_out": max(found.refused - sum(e.outcome == "refused" for e in entries), 0),
        "previews": await _previews(conn, viewer, booking, now),
        "conversation_id": await find_conversation(
            conn, provider_id=booking.provider_id, client_id=booking.client_id
        ),
    }


async def _previews(
    conn: AsyncConnection, viewer: Viewer, booking: Booking, now: datetime
) -> dict[str, dict[str, Any]]:
    """What each act of the provider would count as if it were done now, by its command."""
    if viewer.role is not Role.PROVIDER or booking.closed:
        return {}
    receipts = {action: preview_receipt(booking, action, now) for action in _FORESEEN}
    if not any(receipts.values()):
        return {}
    standing = await standing_as_of(conn, booking.provider_id, now)
    return {
        action: {
            **preview_json(standing, receipt, counted_already=counted_already(booking, action)),
            "late_from": late_from(receipt.scheduled_start, booking.policy),
        }
        for action, receipt in receipts.items()
        if receipt is not None
    }


async def _taken_page(
    request: Request,
    viewer: Viewer,
    parts: Services,
    intent: Intent,
    outcome: Outcome | None,
    form: Form | None,
) -> Response:
    """A request that no worker has recorded yet, or one that never began."""
    answered = await not_recorded(parts, intent.booking_id)
    never_began = answered.status >= 400  # noqa: PLR2004
    return render(
        request,
        viewer,
        "booking_taken.html",
        tab="bookings",
        status=409 if never_began else 202,
        outcome=outcome,
        form=form,
        live_page=f"/bookings/{intent.booking_id}",
        intent=intent,
        why_not=answered.body["detail"] if never_began else "",
    )


def _accepted_value(booking: Booking, viewer: Viewer) -> str:
    """The date that the client has accepted, as a field holds it; empty if there is none."""
    accepted = booking.reschedule.accepted_start if booking.reschedule else None
    return (accepted and local_value(accepted, viewer.zone)) or ""


def _workflow_page(request: Request, viewer: Viewer, booking: Booking) -> str:
    """Where support sees the booking's workflow; nobody else is led there."""
    if viewer.role is not Role.SUPPORT:
        return ""
    return workflow_page(settings_of(request), booking_workflow_id(booking.id))


def _is_on_record(booking: Booking) -> bool:
    """Whether the record itself says that a cancellation now would be the provider's idea."""
    asked, proposal = booking.cancellation, booking.reschedule
    return bool(
        (asked and asked.status is CancellationStatus.ASKED)
        or (proposal and proposal.status is RescheduleStatus.PROPOSED)
    )
