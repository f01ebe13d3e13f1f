"""Bookings, and those that were asked for and are not recorded yet."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint

from db.schema.base import DOCUMENT, ID, INSTANT, metadata

NO_OVERLAP = "ex_bookings_no_overlap"
"""The constraint that no two confirmed sessions of one provider overlap."""

# A query finds the index of such a condition by saying it in the same words.
SESSIONS = text("state IN ('confirmed', 'completed')")
"""The bookings that have a date which stands."""

bookings = Table(
    "bookings",
    metadata,
    Column("id", ID, primary_key=True),
    Column("topic_id", ID, ForeignKey("topics.id"), nullable=False),
    Column("provider_id", ID, nullable=False),
    Column("client_id", ID, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("scheduled_start", INSTANT),
    Column("scheduled_end", INSTANT),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    # The session, while the booking is confirmed.
    Column("during", TSTZRANGE),
    # The new date that the client has accepted, until support enters it.
    Column("held", TSTZRANGE),
    # The whole booking; the columns above repeat what is searched and constrained.
    Column("document", DOCUMENT, nullable=False),
    # The number of the newest recording, and what it was refused with, if it was.
    Column("recording", Integer, nullable=False),
    Column("refusal", DOCUMENT),
    # How many commands were refused and put on record; the timeline keeps only the newest.
    Column("refused", Integer, nullable=False),
    # Logistics belong to the API: a recording never touches them.
    Column("conference_url", Text),
    Column("materials", Text),
    Column("logistics_note", Text),
    CheckConstraint("(during IS NOT NULL) = (state = 'confirmed')", name="during_while_confirmed"),
    CheckConstraint("held IS NULL OR state = 'confirmed'", name="held_while_confirmed"),
    # GiST compares no plain text without the extension btree_gist, which not every server has.
    # It knows ranges, and two ranges of one text each overlap where the texts are equal.
    ExcludeConstraint(
        (literal_column("textrange(provider_id, provider_id, '[]')"), "&&"),
        ("during", "&&"),
        name=NO_OVERLAP,
        using="gist",
        where=text("during IS NOT NULL"),
    ),
    Index(None, "provider_id", "id"),
    Index(None, "client_id", "id"),
    Index(None, "state", "id"),
    Index(None, "provider_id", "state", "id"),
    Index(None, "client_id", "state", "id"),
    Index(None, "provider_id", "client_id", "id"),
    Index(None, "topic_id", "id"),
    Index(None, "topic_id", "state", "id"),
    Index("ix_bookings_held", "provider_id", postgresql_where=text("held IS NOT NULL")),
    # The sessions of a calendar.
    Index(
        "ix_bookings_provider_sessions", "provider_id", "scheduled_end", postgresql_where=SESSIONS
    ),
    Index("ix_bookings_client_sessions", "client_id", "scheduled_end", postgresql_where=SESSIONS),
)

booking_intents = Table(
    "booking_intents",
    metadata,
    Column("booking_id", ID, primary_key=True),
    Column("provider_id", ID, nullable=False),
    Column("client_id", ID, nullable=False),
    Column("topic_id", ID, ForeignKey("topics.id"), nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Index(None, "created_at"),
)
