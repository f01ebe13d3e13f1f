"""The late events of a standing have rows of their own, for it no longer carries them all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.Text(collation="C")
_INSTANT = sa.DateTime(timezone=True)
_COUNTS = "late AND NOT (excused OR settled OR aged) AND coalesce(claim = 'upheld', true)"

_FROM_THE_STANDINGS = """
    INSERT INTO standing_late_events
        (provider_id, id, place, booking_id, kind, scheduled_start, initiated_at, margin_seconds,
         late, excused, settled, aged, claim, claim_due_at)
    SELECT standings.provider_id, event ->> 'id', recorded.seq, event ->> 'booking_id',
           event ->> 'kind',
           (event ->> 'scheduled_start')::timestamptz, (event ->> 'initiated_at')::timestamptz,
           (event ->> 'margin_seconds')::bigint, (event ->> 'late')::boolean,
           (event ->> 'excused')::boolean, (event ->> 'settled')::boolean,
           (event ->> 'aged')::boolean, claim ->> 'status', (claim ->> 'due_at')::timestamptz
      FROM standings
     CROSS JOIN json_each(document -> 'events') AS each (id, event)
     CROSS JOIN LATERAL (SELECT document -> 'claims' -> (event ->> 'id') AS claim) AS claimed
      JOIN events AS recorded
        ON recorded.subject = 'standing' AND recorded.subject_id = standings.provider_id
       AND recorded.type = 'late-event.recorded'
       AND recorded.data -> 'event' ->> 'id' = event ->> 'id'
"""


def upgrade() -> None:
    op.create_table(
        "standing_late_events",
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("booking_id", _ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scheduled_start", _INSTANT, nullable=False),
        sa.Column("initiated_at", _INSTANT, nullable=False),
        sa.Column("margin_seconds", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("excused", sa.Boolean(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("aged", sa.Boolean(), nullable=False),
        sa.Column("claim", sa.Text()),
        sa.Column("claim_due_at", _INSTANT),
        sa.Column("counts", sa.Boolean(), sa.Computed(_COUNTS, persisted=True), nullable=False),
        sa.CheckConstraint(
            "(claim IS NULL) = (claim_due_at IS NULL)",
            name="ck_standing_late_events_claim_with_its_time",
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name="pk_standing_late_events"),
    )
    op.create_index(
        "ix_standing_late_events_provider_id_place",
        "standing_late_events",
        ["provider_id", "place"],
        unique=True,
    )
    op.create_index(
        "ix_standing_late_events_counting",
        "standing_late_events",
        ["provider_id", "initiated_at"],
        postgresql_where=sa.text("counts"),
    )
    op.execute(_FROM_THE_STANDINGS)
