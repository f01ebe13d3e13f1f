"""Whether a provider is free at a time, which only the database knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, bindparam, func, select, union_all
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, Range
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import bookings
from domain.booking.state import Booking, RescheduleStatus, State
from domain.booking.view import candidate_starts
from domain.instants import rfc3339
from domain.refusal import MEANINGS, Code, Refusal

Slot = Range[datetime]


def during(booking: Booking) -> Slot | None:
    """The session of a booking that is confirmed. Its end is open: the next may begin there."""
    return _slot(booking, booking.scheduled_start)


def held(booking: Booking) -> Slot | None:
    """The new date that the client has accepted: taken, though support has yet to enter it."""
    proposal = booking.reschedule
    if proposal is None or proposal.status is not RescheduleStatus.ACCEPTED:
        return None
    return _slot(booking, proposal.accepted_start)


def _slot(booking: Booking, start: datetime | None) -> Slot | None:
    if start is None or booking.state is not State.CONFIRMED:
        return None
    return Range(start, start + booking.duration, bounds="[)")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The time that a decision would take, and what could be taken instead."""

    before: Booking
    after: Booking
    now: datetime

    @property
    def slots(self) -> list[Slot]:
        """What the booking would take up that it does not take up yet."""
        had = (during(self.before), held(self.before))
        wants = (during(self.after), held(self.after))
        return [slot for slot in wants if slot is not None and slot not in had]

    @property
    def starts(self) -> list[str]:
        """When what it would take up begins, to tell one attempt from another."""
        return [rfc3339(slot.lower) for slot in self.slots if slot.lower is not None]

    async def refusal(self, conn: AsyncConnection, *, known_taken: bool = False) -> Refusal | None:
        """Why the time cannot be had, with the times that are left; None if it is free.

        A free time stays free until the transaction ends. `known_taken` says that the
        constraint has refused it already.
        """
        if not self.slots:
            return None
        # Everybody who takes this provider's time waits here. Whoever waits holds the lock of
        # their own booking's row alone, which nobody wants who is past this point.
        await conn.execute(_ALONE, {"provider": f"provider/{self.after.provider_id}"})
        if not known_taken and not await self._busy(conn, self.slots):
            return None
        return Refusal(
            code=Code.SLOT_TAKEN,
            message=MEANINGS[Code.SLOT_TAKEN],
            free_starts=tuple(rfc3339(start) for start in await self._free_starts(conn)),
        )

    async def _free_starts(self, conn: AsyncConnection) -> list[datetime]:
        refused = {slot.lower for slot in self.slots}
        left = [
            Range(start, start + self.before.duration, bounds="[)")
            for start in candidate_starts(self.before)
            if start > self.now and start not in refused
        ]
        busy = await self._busy(conn, left)
        return [
            slot.lower
            for slot in left
            if slot.lower is not None and not any(slot.overlaps(taken) for taken in busy)
        ]

    async def _busy(self, conn: AsyncConnection, slots: list[Slot]) -> list[Slot]:
        """The provider's other sessions and held dates that overlap any of these."""
        if not slots:
            return []
        wanted = {
            "booking_id": self.after.id,
            "provider_id": self.after.provider_id,
            "wanted": MultiRange(slots),
        }
        return list(await conn.scalars(_OVERLAPPING, wanted))


def _overlapping() -> Select[Any]:
    wanted = bindparam("wanted", type_=TSTZMULTIRANGE)
    provider_id = bindparam("provider_id", type_=Text)
    others = bookings.c.id != bindparam("booking_id")
    theirs = func.textrange(provider_id, provider_id, "[]")
    key = func.textrange(bookings.c.provider_id, bookings.c.provider_id, "[]")
    sessions = select(bookings.c.during.label("slot")).where(
        # As in the constraint's index, which this is to use.
        key.bool_op("&&")(theirs),
        bookings.c.during.bool_op("&&")(wanted),
        others,
    )
    dates = select(bookings.c.held.label("slot")).where(
        bookings.c.provider_id == provider_id,
        bookings.c.held.bool_op("&&")(wanted),
        others,
    )
    both = union_all(sessions, dates).subquery()
    return select(both.c.slot)


# Built once: to build a statement takes longer than to run it.
_OVERLAPPING = _overlapping()
_ALONE = select(
    func.pg_advisory_xact_lock(func.hashtextextended(bindparam("provider", type_=Text), 0))
)
