"""Whether a booking may begin, which only the database knows."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.bookings import get_intent
from db.queries.topics import TopicStatus, get_topic
from domain.booking.state import Booking
from domain.refusal import Code, Refusal, refuse


class NotBegunError(Exception):
    """A booking cannot begin; what was written of it is taken back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


async def require_request(conn: AsyncConnection, booking: Booking) -> None:
    """Whoever starts a booking, its client has asked for it, on a topic that takes requests.

    The API notes what a client asks for before it starts anything. Raises NotBegunError.
    """
    intent = await get_intent(conn, booking.id)
    asked = intent and (intent.client_id, intent.provider_id, intent.topic_id)
    if asked != (booking.client_id, booking.provider_id, booking.topic_id):
        raise NotBegunError(refuse(Code.MALFORMED, "Nobody has asked for this booking."))
    topic = await get_topic(conn, booking.topic_id)
    if topic is None or topic.provider_id != booking.provider_id:
        raise NotBegunError(refuse(Code.MALFORMED, "The provider has no such topic."))
    # A topic that was changed after the request has changed for later requests alone.
    changed = topic.updated_at > booking.created_at
    if topic.duration_minutes != booking.duration_minutes and not changed:
        raise NotBegunError(refuse(Code.MALFORMED, "A session on this topic is not as long."))
    match topic.status:
        case TopicStatus.SUSPENDED:
            raise NotBegunError(refuse(Code.TOPIC_SUSPENDED))
        case TopicStatus.PAUSED:
            raise NotBegunError(refuse(Code.TOPIC_NOT_LISTED))
        case TopicStatus.LISTED:
            return
