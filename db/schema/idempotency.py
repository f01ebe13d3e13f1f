"""Requests that may be repeated, with their answers."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text, text

from db.schema.base import DOCUMENT, ID, INSTANT, metadata

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner_role", Text, primary_key=True),
    Column("owner_id", ID, primary_key=True),
    Column("key", ID, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    # What the request is about; of a creation, the id that was put by for it.
    Column("subject_id", ID, nullable=False),
    # The answer, once it is known.
    Column("status", Integer),
    Column("body", DOCUMENT),
    Column("created_at", INSTANT, nullable=False, server_default=text("now()")),
    Index(None, "created_at"),
)
