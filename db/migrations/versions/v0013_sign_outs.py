"""Who signs out of the portal has left it wherever a copy of their cookie is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_outs",
        sa.Column("session_id", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")
        ),
        sa.PrimaryKeyConstraint("session_id", name="pk_sign_outs"),
    )
    op.create_index("ix_sign_outs_at", "sign_outs", ["at"])
