"""What is done to bookings through the gateway, up to the moment when the database shows it."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.commands import Given
from api.idempotency import Answered, Write, kept_answer
from api.models.booking import BookingRequest
from api.outcomes import Applied, NotRunning, Taken
from api.problems import malformed, malformed_field, refused, unavailable
from api.services import Services, clock
from api.views import accepted_view, booking_view
from db.ids import new_id
from db.queries.bookings import Intent, get_booking
from db.queries.timelines import was_carried_out
from db.queries.topics import TopicRow, TopicStatus, get_topic
from db.stores.idempotency import Claim
from db.stores.intents import insert_intent
from domain.booking.decide import NewRequest
from domain.party import Party
from domain.refusal import Code, FieldError, Refusal, refuse

_log = logging.getLogger(__name__)


async def create(
    parts: Services, write: Write, wanted: BookingRequest, *, client_id: str, caller: Party
) -> Answered:
    """Asks for a session: 201 with the booking once it is recorded, 202 where no worker is about.

    The id is put by with the key before anything is started, so that two at once, and one after a
    crash, begin the same booking. Raises 422 for a topic that is not there and for times that are
    past; 409 `topic-suspended` or `topic-not-listed` is an answer that is kept.
    """
    async with parts.engine.begin() as conn:
        found = await write.claimed(conn, new_id())
        kept = kept_answer(found)
        if kept is not None:
            return kept
        topic = await _topic(conn, wanted)
        request = _new_request(found.subject_id, wanted, client_id, topic, caller)
        # What was possible when it was first asked for is not asked again.
        if found.claim is Claim.NEW:
            now = clock()
            _require_future(request, now)
            refusal = _why_not(topic)
            if refusal is None and not await insert_intent(conn, _intent(request, now)):
                # Its provider was erased in this very moment.
                refusal = refuse(Code.TOPIC_NOT_LISTED)
            if refusal is not None:
                return await _keep(write, conn, Answered.refused(refusal))
    await parts.gateway.start_booking(request)
    try:
        row = await parts.recordings.first_of(request.booking_id)
        answered = Answered(status=201, body=booking_view(row, caller))
    except TimeoutError:
        answered = await not_recorded(parts, request.booking_id)
    async with parts.singly.connect() as conn:
        return await _keep(write, conn, answered)


async def not_recorded(parts: Services, booking_id: str) -> Answered:
    """What to answer of a booking that the database does not show: 202, or why it never began."""
    refusal = await parts.gateway.refused_creation(booking_id)
    if refusal is not None:
        return Answered.refused(refusal)
    return Answered(status=202, body=accepted_view(booking_id))


async def _topic(conn: AsyncConnection, wanted: BookingRequest) -> TopicRow:
    topic = await get_topic(conn, wanted.topic_id)
    if topic is None:
        raise malformed_field("topic_id", "there is no topic of this id")
    return topic


def _new_request(
    booking_id: str, wanted: BookingRequest, client_id: str, topic: TopicRow, caller: Party
) -> NewRequest:
    return NewRequest(
        booking_id=booking_id,
        topic_id=topic.id,
        provider_id=topic.provider_id,
        client_id=client_id,
        preferred_starts=wanted.preferred_starts,
        duration_minutes=topic.duration_minutes,
        title=topic.title,
        note=wanted.note,
        by=caller,
    )


def _intent(request: NewRequest, now: datetime) -> Intent:
    return Intent(
        booking_id=request.booking_id,
        provider_id=request.provider_id,
        client_id=request.client_id,
        topic_id=request.topic_id,
        created_at=now,
    )


def _require_future(request: NewRequest, now: datetime) -> None:
    past = (number for number, start in enumerate(request.preferred_starts) if start <= now)
    errors = [
        FieldError(field=f"preferred_starts.{number}", message="must lie in the future")
        for number in past
    ]
    if errors:
        raise malformed(errors)


def _why_not(topic: TopicRow) -> Refusal | None:
    match topic.status:
        case TopicStatus.SUSPENDED:
            return refuse(Code.TOPIC_SUSPENDED)
        case TopicStatus.PAUSED:
            return refuse(Code.TOPIC_NOT_LISTED)
        case TopicStatus.LISTED:
            return None


async def _keep(write: Write, conn: AsyncConnection, answered: Answered) -> Answered:
    await write.keep(conn, answered)
    return answered


async def tell(parts: Services, booking_id: str, given: Given, caller: Party) -> Answered:
    """Gives a command to a booking: 200 with the booking as it is then, or 202 with no worker.

    Raises the problem of the refusal.
    """
    match await parts.gateway.tell_booking(booking_id, given.order):
        case Refusal() as refusal:
            raise refused(refusal)
        case Taken():
            return Answered(status=202, body=accepted_view(booking_id, given.command_id))
        case NotRunning():
            return await _ended(parts, booking_id, given, caller)
        case Applied():
            async with parts.singly.connect() as conn:
                row = await get_booking(conn, booking_id)
            if row is None:
                raise unavailable("The booking is not recorded yet.")
            return Answered(status=200, body=booking_view(row, caller))


async def _ended(parts: Services, booking_id: str, given: Given, caller: Party) -> Answered:
    """What to answer where the booking's workflow has ended: the database remembers."""
    async with parts.engine.connect() as conn:
        row = await get_booking(conn, booking_id)
        repeated = await was_carried_out(
            conn,
            booking_id,
            command=given.order.name,
            by=caller,
            command_id=given.command_id,
        )
    if row is None:
        refusal = await parts.gateway.refused_creation(booking_id)
        if refusal is not None:
            raise refused(refusal)
    if row is None or not row.booking.closed:
        # Its creation was not finished, or operators have ended the workflow by force.
        _log.error("Booking %s is open, and has no workflow", booking_id)
        raise unavailable("The booking cannot take commands at the moment.")
    if repeated:
        return Answered(status=200, body=booking_view(row, caller))
    message = f"The booking is {row.booking.state} already."
    raise refused(Refusal(code=Code.ALREADY_CLOSED, message=message))
