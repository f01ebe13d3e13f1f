"""Who people are to each other, how much they may post, and bookings by topic, for the portal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.Text(collation="C")


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role", "id", name="pk_people"),
    )
    op.create_table(
        "message_allowances",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("spent_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("role", "person_id", name="pk_message_allowances"),
    )
    op.create_index("ix_bookings_topic_id_id", "bookings", ["topic_id", "id"])
