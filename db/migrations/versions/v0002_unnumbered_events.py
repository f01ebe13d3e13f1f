"""Messages and logistics are events too, which nobody numbers: the API writes them itself."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("ck_events_numbered_once", "events", type_="check")
    op.create_check_constraint(
        "ck_events_numbered_once", "events", "num_nonnulls(seq, refusal_seq) <= 1"
    )
