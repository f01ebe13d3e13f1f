"""What client and provider write to each other."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint

from db.schema.base import DOCUMENT, ID, INSTANT, metadata

conversations = Table(
    "conversations",
    metadata,
    Column("id", ID, primary_key=True),
    Column("provider_id", ID, nullable=False),
    Column("client_id", ID, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("last_message_at", INSTANT),
    # The id of the newest message, or the conversation's own while it has none. Ids sort by time,
    # so this one column lists conversations by their last activity, and pages them.
    Column("latest", ID, nullable=False),
    UniqueConstraint("provider_id", "client_id"),
    Index(None, "latest"),
    Index(None, "provider_id", "latest"),
    Index(None, "client_id", "latest"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", ID, primary_key=True),
    Column("conversation_id", ID, ForeignKey("conversations.id"), nullable=False),
    Column("author_role", Text, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("card", DOCUMENT),
    # "<booking id>/<number of the event>" of a card, so that each is written once.
    Column("source", ID, unique=True),
    Index(None, "conversation_id", "id"),
)

conversation_reads = Table(
    "conversation_reads",
    metadata,
    Column("conversation_id", ID, ForeignKey("conversations.id"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("person_id", ID, primary_key=True),
    Column("read_up_to", ID, nullable=False),
)

# Until when what a person has posted weighs on them; a time in the past weighs nothing.
message_allowances = Table(
    "message_allowances",
    metadata,
    Column("role", Text, primary_key=True),
    Column("person_id", ID, primary_key=True),
    Column("spent_until", INSTANT, nullable=False),
)
