"""What all tables have in common: how things are named, and of what kinds columns are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Computed, DateTime, Index, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Ids are compared byte by byte, so that a page ends at the same place whatever the locale.
ID = Text(collation="C")
INSTANT = DateTime(timezone=True)
DOCUMENT = JSONB(none_as_null=True)


def pieces_of(searched: str) -> Column[Any]:
    """The pieces of which a text consists, for whoever looks for a part of it."""
    # Ids are written byte by byte, and would bring that order with them.
    computed = f'array_to_tsvector(pieces(({searched}) COLLATE "default"))'
    return Column("pieces", TSVECTOR, Computed(computed, persisted=True), nullable=False)


def index_of_pieces(table: str) -> Index:
    """By which the rows are found whose pieces a search consists of."""
    return Index(
        f"ix_{table}_pieces",
        "pieces",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
