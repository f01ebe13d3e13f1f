"""The tables, as the newest migration leaves them."""

from __future__ import annotations

from db.schema.base import metadata
from db.schema.booking import NO_OVERLAP, SESSIONS, booking_intents, bookings
from db.schema.conversation import conversation_reads, conversations, message_allowances, messages
from db.schema.idempotency import idempotency_keys
from db.schema.ledger import FAILED, IN_INBOX, OWED, UNREAD, notices
from db.schema.person import calendar_feeds, contacts, notice_choices, people
from db.schema.record import decisions, events
from db.schema.sign_out import sign_outs
from db.schema.standing import (
    CLAIMS_TO_SETTLE,
    PROOFS_TO_REVIEW,
    late_events,
    standing_late_events,
    standings,
)
from db.schema.topic import topics
from db.schema.webhook import webhooks

__all__ = [
    "CLAIMS_TO_SETTLE",
    "FAILED",
    "IN_INBOX",
    "NO_OVERLAP",
    "OWED",
    "PROOFS_TO_REVIEW",
    "SESSIONS",
    "UNREAD",
    "booking_intents",
    "bookings",
    "calendar_feeds",
    "contacts",
    "conversation_reads",
    "conversations",
    "decisions",
    "events",
    "idempotency_keys",
    "late_events",
    "message_allowances",
    "messages",
    "metadata",
    "notice_choices",
    "notices",
    "people",
    "sign_outs",
    "standing_late_events",
    "standings",
    "topics",
    "webhooks",
]
