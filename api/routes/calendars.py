"""Invites to sessions, and calendars that programs read again and again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response

from api.access import TheBooking
from api.auth import Caller, only
from api.bookings import not_recorded
from api.calendars import calendar_response, hash_of, invite_response, new_address
from api.models.calendar import CalendarAddress, CalendarState
from api.openapi import NOT_YET, Responses, problems
from api.problems import not_found
from api.services import Parts, clock
from db.queries.bookings import Intent
from db.queries.calendars import calendar_opened_at, owner_of_calendar
from db.stores.calendars import close_calendar
from domain.party import Role
from notices.invite import MEDIA_TYPE

router = APIRouter(tags=["calendars"])

_PEOPLE = (Role.PROVIDER, Role.CLIENT)
_CALENDAR: Responses = {200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}}


@router.get(
    "/v1/bookings/{booking_id}/invite.ics",
    operation_id="getInvite",
    summary="The invite to a session",
    response_class=Response,
    responses={**_CALENDAR, **NOT_YET, **problems(404, 409)},
)
async def read_invite(
    request: Request, found: TheBooking, caller: Caller, parts: Parts
) -> Response:
    """For the caller's calendar program: puts the session in, moves it, or takes it out.

    The UID stays the same, SEQUENCE rises with each amendment, and METHOD is CANCEL once the
    session is cancelled. 409 `not-confirmed` for a booking that never had a date.
    """
    if isinstance(found, Intent):
        return (await not_recorded(parts, found.booking_id)).response
    return await invite_response(request, parts, found, caller)


@router.get(
    "/v1/calendar",
    operation_id="getCalendar",
    summary="Whether the caller's calendar has an address",
    response_model=CalendarState,
    responses=problems(403),
)
async def read_calendar_state(caller: Caller, parts: Parts) -> CalendarState:
    """For providers and clients. The address itself is told only when it is made."""
    only(caller, *_PEOPLE)
    async with parts.engine.connect() as conn:
        return CalendarState(opened_at=await calendar_opened_at(conn, caller))


@router.post(
    "/v1/calendar",
    operation_id="openCalendar",
    summary="A new private address for the caller's calendar",
    status_code=201,
    response_model=CalendarAddress,
    responses=problems(403),
)
async def create_calendar(request: Request, caller: Caller, parts: Parts) -> JSONResponse:
    """Calendar programs read it without a token. An earlier address leads nowhere from now on.

    Each call makes another address, whatever its `Idempotency-Key`: a secret is not kept to be
    told again.
    """
    only(caller, *_PEOPLE)
    async with parts.engine.begin() as conn:
        url = await new_address(request, conn, caller)
    made = CalendarAddress(url=url, opened_at=clock())
    return JSONResponse(
        made.model_dump(mode="json"), status_code=201, headers={"Cache-Control": "no-store"}
    )


@router.delete(
    "/v1/calendar",
    operation_id="closeCalendar",
    summary="Take the address of the caller's calendar away",
    status_code=204,
    response_class=Response,
    responses=problems(403),
)
async def delete_calendar(caller: Caller, parts: Parts) -> Response:
    """Whoever knew it reads nothing more. Nothing changes where there was none."""
    only(caller, *_PEOPLE)
    async with parts.engine.begin() as conn:
        await close_calendar(conn, caller)
    return Response(status_code=204)


@router.get(
    "/v1/calendars/{token}.ics",
    operation_id="readCalendar",
    summary="A person's calendar, by its private address",
    response_class=Response,
    responses={**_CALENDAR, 304: {"description": "Nothing has changed."}, **problems(404)},
)
async def read_calendar(
    token: Annotated[str, Path(description="The secret of the address.", max_length=100)],
    request: Request,
    parts: Parts,
) -> Response:
    """Confirmed sessions, and those of the last 90 days; no token is asked for."""
    async with parts.engine.connect() as conn:
        owner = await owner_of_calendar(conn, hash_of(token))
    if owner is None:
        raise not_found("This calendar has another address by now, or never had this one.")
    return await calendar_response(request, parts, owner)
