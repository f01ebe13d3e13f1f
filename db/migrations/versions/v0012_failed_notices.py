"""What could not be delivered is counted without reading what was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_notices_failed",
        "notices",
        ["channel"],
        postgresql_where=sa.text("state = 'failed'"),
    )
