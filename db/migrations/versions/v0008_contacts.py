"""Where a person is reached, by which channels, and the address of their calendar."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


_ID = sa.Text(collation="C")
_INSTANT = sa.DateTime(timezone=True)
_UNREAD = sa.text("channel = 'inbox' AND state = 'sent' AND read_at IS NULL")
_SESSIONS = sa.text("state IN ('confirmed', 'completed')")


def upgrade() -> None:
    _add_contacts()
    _add_inboxes()
    _add_calendars()


def _add_contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("role", "person_id", name="pk_contacts"),
        sa.CheckConstraint(
            "source IN ('sign-in', 'service', 'person')", name="ck_contacts_known_source"
        ),
    )
    op.create_table(
        "notice_choices",
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("by_mail", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("role", "person_id", name="pk_notice_choices"),
    )


def _add_inboxes() -> None:
    op.create_index(
        "ix_notices_unread",
        "notices",
        ["recipient_role", "recipient_id"],
        postgresql_where=_UNREAD,
    )


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
