"""Commands on bookings: each is the same object as the signal and the update of its name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from api import bookings
from api.access import TheBooking
from api.auth import Caller, only
from api.body import read_object
from api.commands import carried_out_once, read_command
from api.gateway import BOOKING_MESSAGES
from api.logistics import replacing_logistics
from api.models.base import Accepted
from api.models.booking import BookingModel, Logistics
from api.openapi import Responses, problems, takes
from api.problems import refused_with
from api.services import Parts
from api.writing import answer_once
from db.queries.bookings import BookingRow, Intent
from domain.party import Role
from domain.refusal import Code

router = APIRouter(prefix="/v1/bookings/{booking_id}", tags=["bookings"])

_TAKEN: Responses = {
    202: {"model": Accepted, "description": "Taken; no worker has answered in time."}
}


def _endpoint(name: str) -> Callable[..., Coroutine[Any, Any, JSONResponse]]:
    async def give(
        found: TheBooking, request: Request, caller: Caller, parts: Parts
    ) -> JSONResponse:
        booking_id = _id_of(found)
        given = await read_command(request, caller, BOOKING_MESSAGES, name)
        answered = await carried_out_once(
            parts, given, booking_id, lambda: bookings.tell(parts, booking_id, given, caller)
        )
        return answered.response

    return give


for _name, _message in BOOKING_MESSAGES.items():
    _words = _name.title().replace("-", "")
    router.add_api_route(
        f"/{_name}",
        _endpoint(_name),
        methods=["POST"],
        operation_id=f"{_words[0].lower()}{_words[1:]}",
        summary=_name.replace("-", " ").capitalize(),
        description=_message.command.__doc__,
        response_model=BookingModel,
        response_description="The booking as it is then.",
        responses={**_TAKEN, **problems(403, 404, 409, 413, 422)},
        openapi_extra=takes(_message),
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
    found: TheBooking, request: Request, caller: Caller, parts: Parts
) -> JSONResponse:
    """Replaces the logistics as a whole, once the booking is confirmed. The provider's to say."""
    only(caller, Role.PROVIDER, Role.SUPPORT, Role.SERVICE)
    body = await read_object(request)
    effect = replacing_logistics(_id_of(found), body, caller)
    return await answer_once(request, caller, parts, body, effect)


@router.post("/{command}", include_in_schema=False)
async def unknown_command(found: TheBooking, command: str) -> JSONResponse:
    """Says which commands there are, to whoever mistypes one."""
    del found
    known = ", ".join(BOOKING_MESSAGES)
    raise refused_with(Code.UNKNOWN_COMMAND, f"There is no command {command!r}, only {known}.")


def _id_of(found: BookingRow | Intent) -> str:
    return found.booking_id if isinstance(found, Intent) else found.booking.id
