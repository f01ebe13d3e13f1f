"""Where services are told of events."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from db.schema.base import DOCUMENT, ID, INSTANT, metadata

# The secrets stay readable, for every delivery is signed with them; they sign nothing but what
# their owner may read anyway.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("owner_role", Text, nullable=False),
    Column("owner_id", ID, nullable=False),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    # Which types of events it is told of; empty for all.
    Column("types", ARRAY(Text), nullable=False),
    Column("secret", Text, nullable=False),
    # [{"secret", "until"}]: those that were replaced, and sign on until then.
    Column("old_secrets", DOCUMENT, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    # The first failure since the last success.
    Column("failing_since", INSTANT),
    Column("disabled_at", INSTANT),
    Column("disabled_reason", Text),
    # Its deliveries stay on record when it is deleted.
    Column("deleted_at", INSTANT),
    CheckConstraint(
        "(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_for_a_reason"
    ),
    CheckConstraint("deleted_at IS NULL OR secret = ''", name="deleted_without_secret"),
    Index(None, "owner_role", "owner_id", "id"),
)
