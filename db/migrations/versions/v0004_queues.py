"""What waits for support is found without reading every standing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PROOFS_TO_REVIEW = sa.text("""document::jsonb @? '$.proofs.* ? (@.status == "submitted")'""")
_CLAIMS_TO_SETTLE = sa.text(
    """document::jsonb @? '$.claims.* ? (@.status == "open" || @.status == "contested")'"""
)


def upgrade() -> None:
    op.create_index("ix_standings_status_provider_id", "standings", ["status", "provider_id"])
    op.create_index(
        "ix_standings_proofs_to_review",
        "standings",
        ["provider_id"],
        postgresql_where=_PROOFS_TO_REVIEW,
    )
    op.create_index(
        "ix_standings_claims_to_settle",
        "standings",
        ["provider_id"],
        postgresql_where=_CLAIMS_TO_SETTLE,
    )
