"""Searches answer as quickly among many as among few.

Everybody who has to do with somebody is among the people now, seen in the portal or not; and so is
how each provider stands. Whoever is looked for by a part of a name is found in an index of the
pieces of names, as the extension pg_trgm would make one, which not every server has.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# All runs of one to three letters, whatever their case. What holds a text holds its pieces.
_PIECES = """
CREATE FUNCTION pieces(value text, shortest integer DEFAULT 1) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
RETURN (
    SELECT coalesce(array_agg(DISTINCT piece), '{}')
      FROM (SELECT one,
                   one || lead(one) OVER following AS two,
                   one || lead(one) OVER following || lead(one, 2) OVER following AS three
              FROM string_to_table(lower(value), NULL) WITH ORDINALITY AS letters (one, place)
            WINDOW following AS (ORDER BY place)) AS beginning,
           LATERAL (VALUES (one), (two), (three)) AS found (piece)
     WHERE length(piece) >= shortest
)"""
# The longest pieces alone: whatever holds them holds the shorter ones too.
_PIECES_OF = """
CREATE FUNCTION pieces_of(looked_for text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT string_agg(
               '''' || replace(replace(piece, '\\', '\\\\'), '''', '''''') || '''', ' & '
           )::tsquery
      FROM unnest(pieces(looked_for, least(length(looked_for), 3))) AS found (piece)
)"""
_EVERYBODY = """
INSERT INTO people (role, id)
SELECT 'provider', provider_id FROM conversations
 UNION
SELECT 'client', client_id FROM conversations
ON CONFLICT DO NOTHING"""
_PROVIDERS = """
INSERT INTO people (role, id, standing)
SELECT 'provider', provider_id, coalesce(standings.status, 'good')
  FROM (SELECT DISTINCT provider_id FROM topics) AS offering
  FULL JOIN standings USING (provider_id)
ON CONFLICT (role, id) DO UPDATE SET standing = excluded.standing"""


def upgrade() -> None:
    op.execute(_PIECES)
    op.execute(_PIECES_OF)
    op.alter_column("people", "name", nullable=True)
    op.alter_column("people", "zone", nullable=True)
    op.add_column("people", sa.Column("standing", sa.Text()))
    op.execute(_EVERYBODY)
    op.execute(_PROVIDERS)
    for table, searched in (
        ("people", r"coalesce(name, '') || E'\n' || id"),
        ("topics", r"title || E'\n' || description"),
    ):
        made_of = f'array_to_tsvector(pieces(({searched}) COLLATE "default"))'
        computed = sa.Computed(made_of, persisted=True)
        op.add_column(table, sa.Column("pieces", postgresql.TSVECTOR(), computed, nullable=False))
        # A list of what is still to be indexed would have to be read by every search.
        op.create_index(
            f"ix_{table}_pieces",
            table,
            ["pieces"],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        )
    is_provider = sa.text("standing IS NOT NULL")
    op.create_index("ix_people_providers", "people", ["id"], postgresql_where=is_provider)
    op.create_index(
        "ix_people_standing_id", "people", ["standing", "id"], postgresql_where=is_provider
    )
    op.create_index(
        "ix_bookings_provider_id_client_id_id", "bookings", ["provider_id", "client_id", "id"]
    )
    op.create_index("ix_bookings_topic_id_state_id", "bookings", ["topic_id", "state", "id"])
    # What is only kept for a while is found by its age.
    for table in ("booking_intents", "idempotency_keys"):
        op.create_index(f"ix_{table}_created_at", table, ["created_at"])
