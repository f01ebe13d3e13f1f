"""What was decided and what happened, of bookings and standings alike."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from db.schema.base import DOCUMENT, ID, INSTANT, metadata

decisions = Table(
    "decisions",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("subject_id", ID, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("given_at", INSTANT, nullable=False),
    Column("handled_at", INSTANT, nullable=False),
    Column("by_role", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("rule", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("data", DOCUMENT, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # The place in the feed; null until a reader of the feed has seen the event committed.
    Column("feed_seq", BigInteger, unique=True),
    Column("subject", Text, nullable=False),
    Column("subject_id", ID, nullable=False),
    # An event has its number among the subject's events. A refused command is no event of the
    # subject's: it has the number of its line in the timeline instead. What the API itself writes,
    # a message or the logistics, has neither.
    Column("seq", Integer),
    Column("refusal_seq", Integer),
    Column("type", Text, nullable=False),
    Column("occurred_at", INSTANT, nullable=False),
    Column("booking_id", ID),
    Column("provider_id", ID),
    Column("client_id", ID),
    Column("data", DOCUMENT, nullable=False),
    CheckConstraint("num_nonnulls(seq, refusal_seq) <= 1", name="numbered_once"),
    UniqueConstraint("subject", "subject_id", "seq"),
    UniqueConstraint("subject", "subject_id", "refusal_seq"),
    Index("ix_events_not_in_feed", "id", postgresql_where=text("feed_seq IS NULL")),
)
