"""Commands on bookings: each is the same object as the signal and the update of its name."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from api import bookings
from api.access import TheBookingId
from api.auth import Caller, only
from api.body import read_object
from api.commands import carried_out_once, read_command
from api.gateway import BOOKING_MESSAGES
from api.logistics import replacing_logistics
from api.models.booking import BookingModel, Logistics
from api.openapi import problems, takes
from api.routes.commands import Endpoint, add_commands, unknown
from api.services import Parts
from api.writing import answer_once
from domain.party import Role

router = APIRouter(prefix="/v1/bookings/{booking_id}", tags=["bookings"])


def _endpoint(name: str) -> Endpoint:
    async def give(
        booking_id: TheBookingId, request: Request, caller: Caller, parts: Parts
    ) -> JSONResponse:
        given = await read_command(request, caller, BOOKING_MESSAGES, name)
        answered = await carried_out_once(
            parts, given, booking_id, lambda: bookings.tell(parts, booking_id, given, caller)
        )
        return answered.response

    return give


add_commands(
    router,
    BOOKING_MESSAGES,
    _endpoint,
    model=BookingModel,
    answered="The booking as it is then.",
)


@router.put(
    "/logistics",
    operation_id="setLogistics",
    summary="Say where the session takes place, and what to read before it",
    response_model=BookingModel,
    responses=problems(403, 404, 409, 413, 422),
    openapi_extra=takes(Logistics),
)
async def put_logistics(
    booking_id: TheBookingId, request: Request, caller: Caller, parts: Parts
) -> JSONResponse:
    """Replaces the logistics as a whole, once the booking is confirmed. The provider's to say."""
    only(caller, Role.PROVIDER, Role.SUPPORT, Role.SERVICE)
    body = await read_object(request)
    effect = replacing_logistics(booking_id, body, caller)
    return await answer_once(request, caller, parts, body, effect)


@router.post("/{command}", include_in_schema=False)
async def unknown_command(booking_id: TheBookingId, command: str) -> JSONResponse:
    """Says which commands there are, to whoever mistypes one."""
    del booking_id
    raise unknown(command, BOOKING_MESSAGES)
