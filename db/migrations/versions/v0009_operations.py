"""What of a booking was late is found by the booking, when it is explained or erased."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_late_events_booking_id", "late_events", ["booking_id"])
