"""The activities that write decisions down."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.unrecorded import Unrecorded
from db.queries.late_events import recall_late_events
from db.queries.standings import get_standing_on_record
from db.recording import UnknownTopicError, record_booking, record_standing
from db.recording.owed import still_owed
from domain.booking.record import BookingRecord, Recorded
from domain.record import Subject
from domain.refusal import Code
from domain.standing.decide import begin
from domain.standing.fold import Missed, OnRecordOnly
from domain.standing.record import StandingOnRecord, StandingRecord, StandingRecorded

RECORD_BOOKING = "record-booking"
RECORD_STANDING = "record-standing"
LOAD_STANDING = "load-standing"
RECALL_LATE_EVENTS = "recall-late-events"

_UNLIMITED = timedelta(seconds=10)
"""How long a transaction may take where the activity's caller has set no limit."""


class Recorder:
    """Writes decisions into PostgreSQL. Doing it twice changes nothing."""

    def __init__(
        self, engine: AsyncEngine, *, mail: bool = False, unrecorded: Unrecorded | None = None
    ) -> None:
        self._engine = engine
        self._mail = mail
        self._unrecorded = unrecorded or Unrecorded()

    @activity.defn(name=RECORD_BOOKING)
    async def record_booking(self, record: BookingRecord) -> Recorded:
        """Writes down what a booking has decided, or answers that the time is taken."""
        with self._attempt(f"booking/{record.booking.id}/{record.number}", record):
            try:
                return await record_booking(
                    self._engine, record, within=_time_left(), mail=self._mail
                )
            except UnknownTopicError as error:
                raise ApplicationError(
                    str(error), type=Code.MALFORMED.value, non_retryable=True
                ) from error

    @activity.defn(name=RECORD_STANDING)
    async def record_standing(self, record: StandingRecord) -> StandingRecorded:
        """Writes down what was decided about a provider's standing."""
        with self._attempt(f"standing/{record.standing.provider_id}/{record.number}", record):
            return await record_standing(self._engine, record, within=_time_left(), mail=self._mail)

    def _attempt(
        self, name: str, record: BookingRecord | StandingRecord
    ) -> AbstractContextManager[None]:
        handled = [entry.handled_at for entry in record.entries]
        return self._unrecorded.attempt(name, min(handled, default=datetime.now(UTC)))

    @activity.defn(name=LOAD_STANDING)
    async def load_standing(self, provider_id: str) -> StandingOnRecord:
        """Reads what is on record of a standing, for a workflow that begins (again).

        Whoever is new begins under the policy of today, which the workflow's history keeps.
        """
        async with self._engine.connect() as conn:
            found = await get_standing_on_record(conn, provider_id)
            if found is None:
                return StandingOnRecord(standing=begin(provider_id, datetime.now(UTC)))
            return replace(found, owed=await still_owed(conn, Subject.STANDING, provider_id))

    @activity.defn(name=RECALL_LATE_EVENTS)
    async def recall_late_events(self, missed: Missed) -> OnRecordOnly:
        """Reads late events that a standing does not carry, and a decision is about."""
        async with self._engine.connect() as conn:
            return await recall_late_events(conn, missed)


def _time_left() -> timedelta:
    """How long the transaction may take, so that it has ended when Temporal gives the attempt up.

    Temporal tries again then, and whoever tries again must not meet the attempt before.
    """
    limit = activity.info().start_to_close_timeout or _UNLIMITED
    return limit * 0.8
