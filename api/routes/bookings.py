"""Bookings: asking for a session, and reading what came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from api import bookings, paging
from api.access import TheBooking
from api.auth import Caller, only
from api.body import parse_new, read_object
from api.bookings import not_recorded
from api.gateway import Identifier
from api.idempotency import Write
from api.models.booking import (
    BookingModel,
    BookingPage,
    BookingRequest,
    BookingTimeline,
    Preview,
)
from api.openapi import MADE, NOT_YET, problems, takes
from api.problems import malformed_field, refused_with
from api.services import Parts, clock
from api.views import booking_view, notice_view
from db.queries.bookings import Intent, list_bookings
from db.queries.notices import notices_of_booking
from db.queries.standings import standing_as_of
from db.queries.timelines import booking_timeline
from domain.booking.state import State
from domain.booking.view import counted_already, preview_receipt, preview_refusal
from domain.party import Party, Role
from domain.refusal import Code
from domain.standing.view import preview_json

router = APIRouter(prefix="/v1/bookings", tags=["bookings"])


@router.post(
    "",
    operation_id="createBooking",
    summary="Ask for a session",
    status_code=201,
    response_model=BookingModel,
    responses={**MADE, **NOT_YET, **problems(403, 409, 413, 422)},
    openapi_extra=takes(BookingRequest),
)
async def create_booking(request: Request, caller: Caller, parts: Parts) -> JSONResponse:
    """A client asks for a session on a topic; support and services ask on a client's behalf."""
    only(caller, Role.CLIENT, Role.SUPPORT, Role.SERVICE)
    body = await read_object(request)
    wanted = parse_new(BookingRequest, body, now=clock())
    client_id = _client(caller, wanted)
    write = Write.of(request, caller, body)
    answered = await bookings.create(parts, write, wanted, client_id=client_id, caller=caller)
    return answered.made_in(router.prefix)


@router.get(
    "",
    operation_id="listBookings",
    summary="The caller's bookings",
    response_model=BookingPage,
    responses=problems(422),
)
async def find_bookings(
    caller: Caller,
    parts: Parts,
    state: Annotated[State | None, Query(description="In this state.")] = None,
    provider_id: Annotated[Identifier | None, Query(description="Of this provider.")] = None,
    client_id: Annotated[Identifier | None, Query(description="Of this client.")] = None,
    limit: paging.Limit = paging.DEFAULT_LIMIT,
    after: paging.After = None,
) -> JSONResponse:
    """Providers and clients see their own, support and services all; newest first."""
    place = paging.place(after)
    async with parts.engine.connect() as conn:
        found = await list_bookings(
            conn,
            viewer_provider_id=caller.id if caller.role is Role.PROVIDER else None,
            viewer_client_id=caller.id if caller.role is Role.CLIENT else None,
            state=state,
            provider_id=provider_id,
            client_id=client_id,
            limit=limit + 1,
            after=place,
        )
    return JSONResponse(
        paging.page(
            found,
            limit,
            shown=lambda row: booking_view(row, caller),
            place_of=lambda row: row.booking.id,
        )
    )


@router.get(
    "/{booking_id}",
    operation_id="getBooking",
    summary="One booking, with what the caller may do next",
    response_model=BookingModel,
    responses={**NOT_YET, **problems(404, 409)},
)
async def read_booking(found: TheBooking, caller: Caller, parts: Parts) -> JSONResponse:
    """The booking as it is now; 202 while its creation waits for a worker.

    409 where it never began, because its topic was suspended or its times passed meanwhile.
    """
    if isinstance(found, Intent):
        return (await not_recorded(parts, found.booking_id)).response
    return JSONResponse(booking_view(found, caller))


@router.get(
    "/{booking_id}/timeline",
    operation_id="getBookingTimeline",
    summary="Every decision on a booking",
    response_model=BookingTimeline,
    responses={**NOT_YET, **problems(404, 409, 422)},
)
async def read_timeline(
    found: TheBooking,
    caller: Caller,
    parts: Parts,
    limit: paging.Limit = paging.TIMELINE_LIMIT,
    after: paging.AfterSeq = None,
) -> JSONResponse:
    """Who, when, by which rule and policy, from which inputs, and what came of it; oldest first."""
    if isinstance(found, Intent):
        return (await not_recorded(parts, found.booking_id)).response
    line = paging.number_at(after) or 0
    async with parts.engine.connect() as conn:
        entries = await booking_timeline(conn, found.booking.id, limit=limit + 1, after=line)
        sent = await notices_of_booking(conn, found.booking.id, seen_by=caller)
    shown = paging.timeline(entries, limit, refused=found.refused)
    return JSONResponse({**shown, "notices": [notice_view(row) for row in sent]})


@router.get(
    "/{booking_id}/preview",
    operation_id="previewAction",
    summary="What an act of the provider would count as, and lead to",
    response_model=Preview,
    responses=problems(403, 404, 409, 422),
)
async def preview(
    found: TheBooking,
    caller: Caller,
    parts: Parts,
    action: Annotated[
        Literal["ask-cancel", "propose-reschedule"], Query(description="The act to look ahead at.")
    ],
) -> JSONResponse:
    """Judged as if it were done now. For the provider, support and services."""
    only(caller, Role.PROVIDER, Role.SUPPORT, Role.SERVICE)
    if isinstance(found, Intent):
        raise refused_with(Code.NOT_CONFIRMED)
    booking, now = found.booking, clock()
    if booking.closed:
        raise refused_with(Code.ALREADY_CLOSED, f"The booking is {booking.state} already.")
    refusal = preview_refusal(booking, action, now)
    if refusal is not None:
        raise refused_with(refusal)
    receipt = preview_receipt(booking, action, now)
    if receipt is None:
        raise refused_with(Code.NOT_CONFIRMED)
    async with parts.engine.connect() as conn:
        standing = await standing_as_of(conn, booking.provider_id, now)
    counted = counted_already(booking, action)
    return JSONResponse(preview_json(standing, receipt, counted_already=counted))


def _client(caller: Party, wanted: BookingRequest) -> str:
    if caller.role is Role.CLIENT:
        if wanted.client_id not in (None, caller.id):
            raise malformed_field("client_id", "a client asks for themselves only")
        return caller.id
    if wanted.client_id is None:
        raise malformed_field("client_id", "whom it is for has to be named")
    return wanted.client_id
