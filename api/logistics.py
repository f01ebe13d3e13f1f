"""Where a session takes place: the provider's to say, once the booking is confirmed."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import sees
from api.body import Json, parse
from api.idempotency import Answered, Effect
from api.models.booking import Logistics
from api.problems import not_found, refused_with
from api.views import booking_view
from db.queries import bookings as queries
from db.queries.bookings import BookingRow, get_booking
from db.stores.logistics import set_logistics
from domain.booking.state import State
from domain.party import Party
from domain.refusal import Code

WITH_LOGISTICS = frozenset({State.CONFIRMED, State.COMPLETED})
"""The states in which there is a session to arrange, or to remember."""


def replacing_logistics(booking_id: str, body: Json, caller: Party) -> Effect:
    """What `written_once` carries out to replace the logistics of a booking as a whole.

    Raises the problem 422 for a body that is none, and 404 to whoever was erased in the meantime;
    it is refused while nothing is agreed.
    """
    wanted = parse(Logistics, body)

    async def replace(conn: AsyncConnection, _: str) -> Answered:
        _require_agreed(await get_booking(conn, booking_id))
        logistics = queries.Logistics(
            conference_url=wanted.conference_url, materials=wanted.materials, note=wanted.note
        )
        await set_logistics(conn, booking_id, logistics)
        # Read once it is written, which waits for an erasure: their words would outlive them.
        row = await get_booking(conn, booking_id)
        if row is None:
            raise refused_with(Code.NOT_CONFIRMED)
        booking = row.booking
        if not sees(caller, provider_id=booking.provider_id, client_id=booking.client_id):
            raise not_found("There is no booking of this id any more.")
        return Answered(status=200, body=booking_view(row, caller))

    return replace


def _require_agreed(row: BookingRow | None) -> None:
    if row is None or row.booking.state is State.PENDING:
        raise refused_with(Code.NOT_CONFIRMED)
    if row.booking.state not in WITH_LOGISTICS:
        message = f"The booking is {row.booking.state} already."
        raise refused_with(Code.ALREADY_CLOSED, message)
