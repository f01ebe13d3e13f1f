"""Whether a booking may begin, which only the database knows."""

from __future__ import annotations

from sqlalchemy import bindparam
from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.topics import TopicStatus, read_topics
from db.schema import booking_intents, topics
from domain.booking.state import Booking
from domain.policy import CLOCK_TOLERANCE
from domain.refusal import Code, Refusal, refuse

# An intent and its topic at once, which the database has made sure is there. Whoever erases one of
# the two people locks the intent too: it is theirs no more by then, or the booking is seen as open.
_ASKED = (
    read_topics()
    .add_columns(
        booking_intents.c.client_id,
        booking_intents.c.provider_id.label("asked_provider_id"),
    )
    .join(booking_intents, booking_intents.c.topic_id == topics.c.id)
    .where(booking_intents.c.booking_id == bindparam("booking_id"))
    .with_for_update(read=True, of=booking_intents)
)


class NotBegunError(Exception):
    """A booking cannot begin; what was written of it is taken back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


async def require_request(conn: AsyncConnection, booking: Booking) -> None:
    """Whoever starts a booking, its client has asked for it, on a topic that takes requests.

    The API notes what a client asks for before it starts anything. Raises NotBegunError.
    """
    found = await conn.execute(_ASKED, {"booking_id": booking.id})
    asked = found.one_or_none()
    if asked is None or (asked.client_id, asked.asked_provider_id, asked.id) != (
        booking.client_id,
        booking.provider_id,
        booking.topic_id,
    ):
        raise NotBegunError(refuse(Code.MALFORMED, "Nobody has asked for this booking."))
    if asked.provider_id != booking.provider_id:
        raise NotBegunError(refuse(Code.MALFORMED, "The provider has no such topic."))
    # A topic that was changed after the request has changed for later requests alone. The two are
    # of two clocks, and a change that is just being made is dated before others can see it.
    changed = asked.updated_at > max(asked.created_at, booking.created_at - CLOCK_TOLERANCE)
    if asked.duration_minutes != booking.duration_minutes and not changed:
        raise NotBegunError(refuse(Code.MALFORMED, "A session on this topic is not as long."))
    match TopicStatus(asked.status):
        case TopicStatus.SUSPENDED:
            raise NotBegunError(refuse(Code.TOPIC_SUSPENDED))
        case TopicStatus.PAUSED:
            raise NotBegunError(refuse(Code.TOPIC_NOT_LISTED))
        case TopicStatus.LISTED:
            return
