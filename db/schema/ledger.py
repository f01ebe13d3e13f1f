"""The ledger of notices: who is owed word of what, and what came of it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from db.schema.base import ID, INSTANT, metadata

# A query finds the index of such a condition by saying it in the same words.
IN_INBOX = text("channel = 'inbox' AND state = 'sent'")
"""The notices that a person finds in the portal."""

UNREAD = text("channel = 'inbox' AND state = 'sent' AND read_at IS NULL")
"""Those of them that they have not seen."""

OWED = text("state = 'owed'")
"""Those that an outlet has yet to deliver."""

FAILED = text("state = 'failed'")
"""Those that were given up, or refused for good."""

notices = Table(
    "notices",
    metadata,
    Column("id", ID, primary_key=True),
    Column("recipient_role", Text, nullable=False),
    Column("recipient_id", ID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("booking_id", ID),
    # Whom it concerns; nobody, where a service is told of its own endpoint.
    Column("provider_id", ID),
    Column("booking_revision", Integer),
    Column("due_at", INSTANT, nullable=False),
    # The date that it speaks of: where that is amended, it is superseded.
    Column("session_start", INSTANT),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    # Of a webhook: the event that it carries, and where to.
    Column("event_id", BigInteger, ForeignKey("events.id")),
    Column("webhook_id", ID, ForeignKey("webhooks.id")),
    # How often an outlet has tried, when last, and what came of that.
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("attempted_at", INSTANT),
    Column("answer", Text),
    Column("ended_at", INSTANT),
    # When the person has seen it in the portal.
    Column("read_at", INSTANT),
    Column("created_at", INSTANT, nullable=False, server_default=text("now()")),
    # "<subject>/<id>/<number of the event>/<recipient>/<channel>": nobody is told twice.
    Column("source", ID, nullable=False, unique=True),
    CheckConstraint(
        "state IN ('owed', 'sent', 'superseded', 'skipped', 'failed')", name="known_state"
    ),
    Index(None, "recipient_role", "recipient_id", "id"),
    Index(None, "booking_id"),
    Index("ix_notices_owed", "booking_id", postgresql_where=OWED),
    # Page by page, and counted by channel, whatever else the ledger holds.
    Index(
        "ix_notices_owed_by_id",
        "id",
        postgresql_include=["channel", "due_at"],
        postgresql_where=OWED,
    ),
    # Counted by channel, as often as somebody measures.
    Index("ix_notices_failed", "channel", postgresql_where=FAILED),
    Index("ix_notices_unread", "recipient_role", "recipient_id", postgresql_where=UNREAD),
    # The log of what an endpoint was sent.
    Index(None, "webhook_id", "id", postgresql_where=text("webhook_id IS NOT NULL")),
)
