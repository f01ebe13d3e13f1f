"""What providers offer."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text

from db.schema.base import ID, INSTANT, index_of_pieces, metadata, pieces_of

topics = Table(
    "topics",
    metadata,
    Column("id", ID, primary_key=True),
    Column("provider_id", ID, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("duration_minutes", Integer, nullable=False),
    # False: paused by the provider. Whether it is suspended is a matter of the provider's standing.
    Column("listed", Boolean, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    pieces_of(r"title || E'\n' || description"),
    Index(None, "provider_id", "id"),
    index_of_pieces("topics"),
)
