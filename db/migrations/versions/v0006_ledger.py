"""The ledger of notices holds what leaves the engine, and how each ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("notices", sa.Column("session_start", _INSTANT))
    op.add_column(
        "notices",
        sa.Column(
            "event_id", sa.BigInteger, sa.ForeignKey("events.id", name="fk_notices_event_id")
        ),
    )
    op.add_column("notices", sa.Column("webhook_id", sa.Text(collation="C")))
    op.add_column(
        "notices",
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    )
    op.add_column("notices", sa.Column("attempted_at", _INSTANT))
    op.add_column("notices", sa.Column("answer", sa.Text))
    op.add_column("notices", sa.Column("ended_at", _INSTANT))
    op.add_column("notices", sa.Column("read_at", _INSTANT))
    op.create_check_constraint(
        "ck_notices_known_state",
        "notices",
        "state IN ('owed', 'sent', 'superseded', 'skipped', 'failed')",
    )
    op.create_index(
        "ix_notices_owed",
        "notices",
        ["booking_id"],
        postgresql_where=sa.text("state = 'owed'"),
    )
