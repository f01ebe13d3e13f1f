"""The ledger of notices holds what leaves the engine, and how each ended."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by what it is for."""
