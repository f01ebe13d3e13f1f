"""Where a person is reached, by which channels, and the address of their calendar."""

from __future__ import annotations

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by what it is for."""
