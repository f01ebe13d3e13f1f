"""What is owed is counted, and gone through page by page, without reading what is not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_notices_owed_by_id",
        "notices",
        ["id"],
        postgresql_include=["channel", "due_at"],
        postgresql_where=sa.text("state = 'owed'"),
    )
