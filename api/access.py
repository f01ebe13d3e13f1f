"""Whose is it: what is not the caller's does not exist for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from api.auth import Caller
from api.problems import not_found
from api.services import Parts, Services
from db.queries.bookings import BookingRow, Intent, get_booking, get_intent, parties_of
from domain.party import Party, Role, is_id

_NO_BOOKING = "There is no booking of this id, or it is somebody else's."


def require_id(given: str) -> str:
    """An id out of an address; what cannot be an id is not found."""
    if not is_id(given):
        raise not_found()
    return given


def sees(caller: Party, *, provider_id: str, client_id: str | None = None) -> bool:
    """Whether something of this provider and client concerns the caller."""
    match caller.role:
        case Role.PROVIDER:
            return caller.id == provider_id
        case Role.CLIENT:
            return caller.id == client_id
        case _:
            return True


async def booking_of(parts: Services, caller: Party, booking_id: str) -> BookingRow | Intent:
    """A booking that concerns the caller, an intent until it is recorded; else the problem 404."""
    async with parts.singly.connect() as conn:
        row = await get_booking(conn, require_id(booking_id))
        intent = None if row else await get_intent(conn, booking_id)
    about = row.booking if row else intent
    if about and sees(caller, provider_id=about.provider_id, client_id=about.client_id):
        return row or intent  # type: ignore[return-value]
    raise not_found(_NO_BOOKING)


async def _find_booking(
    booking_id: Annotated[str, Path(description="The id of a booking.")],
    caller: Caller,
    parts: Parts,
) -> BookingRow | Intent:
    return await booking_of(parts, caller, booking_id)


TheBooking = Annotated[BookingRow | Intent, Depends(_find_booking)]
"""The caller's booking that the path names; an intent until it is recorded."""


async def _find_booking_id(
    booking_id: Annotated[str, Path(description="The id of a booking.")],
    caller: Caller,
    parts: Parts,
) -> str:
    async with parts.singly.connect() as conn:
        parties = await parties_of(conn, require_id(booking_id))
    if parties and sees(caller, provider_id=parties[0], client_id=parties[1]):
        return booking_id
    raise not_found(_NO_BOOKING)


TheBookingId = Annotated[str, Depends(_find_booking_id)]
"""The id of the caller's booking that the path names, for whoever need not read it: recorded or
not."""


async def _find_provider(
    provider_id: Annotated[str, Path(description="The id of a provider.")], caller: Caller
) -> str:
    if sees(caller, provider_id=require_id(provider_id)):
        return provider_id
    raise not_found("There is no provider of this id, or it is somebody else's standing.")


TheProvider = Annotated[str, Depends(_find_provider)]
"""The id of the provider that the path names, whose standing concerns the caller."""
