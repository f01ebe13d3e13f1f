"""What is read from the database, as the documents that callers get."""

from __future__ import annotations

from api.body import Json
from api.services import clock
from db.queries.bookings import BookingRow, Logistics
from db.queries.conversations import ConversationRow, MessageRow
from db.queries.feed import FeedItem
from db.queries.notices import SentRow
from db.queries.topics import TopicRow
from domain.booking.view import allowed_actions, booking_json
from domain.instants import rfc3339
from domain.party import Party
from notices.event import event_json


def booking_view(row: BookingRow, caller: Party) -> Json:
    """A booking, with what this caller may do next."""
    actions = allowed_actions(row.booking, caller, clock())
    return {**booking_json(row.booking, actions), "logistics": logistics_view(row.logistics)}


def notice_view(row: SentRow) -> Json:
    """A notice, and how it ended."""
    return {
        "id": row.id,
        "to": {"role": row.to.role.value, "id": row.to.id},
        "kind": row.kind,
        "channel": row.channel.value,
        "state": row.state.value,
        "reason": row.reason,
        "attempts": row.attempts,
        "due_at": rfc3339(row.due_at),
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
    }


def logistics_view(logistics: Logistics) -> Json:
    """Where a session takes place."""
    return {
        "conference_url": logistics.conference_url,
        "materials": logistics.materials,
        "note": logistics.note,
    }


def accepted_view(subject_id: str, command_id: str | None = None) -> Json:
    """That something was taken, and is yet to be carried out."""
    return {
        "code": "accepted",
        "detail": "Taken. It will be carried out once, as soon as a worker is back.",
        "id": subject_id,
        "command_id": command_id,
    }


def topic_view(row: TopicRow) -> Json:
    """A topic."""
    return {
        "id": row.id,
        "provider_id": row.provider_id,
        "title": row.title,
        "description": row.description,
        "duration_minutes": row.duration_minutes,
        "status": row.status.value,
    }


def conversation_view(row: ConversationRow) -> Json:
    """A conversation as one person sees it."""
    return {
        "id": row.id,
        "provider_id": row.provider_id,
        "client_id": row.client_id,
        "unread": row.unread,
        "last_message": row.last_message and message_view(row.last_message),
    }


def message_view(row: MessageRow) -> Json:
    """A message."""
    return {
        "id": row.id,
        "author": {"role": row.author.role.value, "id": row.author.id},
        "text": row.text,
        "at": rfc3339(row.at),
        "card": row.card,
    }


def feed_view(item: FeedItem) -> Json:
    """Something that happened. `seq` is its place among everything that did."""
    return event_json(
        place=item.id,
        type=item.type,
        occurred_at=item.occurred_at,
        booking_id=item.booking_id,
        provider_id=item.provider_id,
        data=item.data,
    )
