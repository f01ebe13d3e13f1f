"""Where a person is reached, by which channels, and the address of their calendar."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


_ID = sa.Text(collation="C")
_INSTANT = sa.DateTime(timezone=True)
_SESSIONS = sa.text("state IN ('confirmed', 'completed')")


def upgrade() -> None:
    _add_calendars()


def _add_calendars() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("token_hash", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("role", "person_id", name="pk_calendar_feeds"),
        sa.UniqueConstraint("token_hash", name="uq_calendar_feeds_token_hash"),
    )
    for role in ("provider", "client"):
        op.create_index(
            f"ix_bookings_{role}_sessions",
            "bookings",
            [f"{role}_id", "scheduled_end"],
            postgresql_where=_SESSIONS,
        )
