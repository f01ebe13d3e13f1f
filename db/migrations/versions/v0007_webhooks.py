"""Services are told of events at addresses of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.Text(collation="C")
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", _ID, nullable=False),
        sa.Column("owner_role", sa.Text, nullable=False),
        sa.Column("owner_id", _ID, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("types", ARRAY(sa.Text), nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("old_secrets", JSONB, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("failing_since", _INSTANT),
        sa.Column("disabled_at", _INSTANT),
        sa.Column("disabled_reason", sa.Text),
        sa.Column("deleted_at", _INSTANT),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)",
            name="ck_webhooks_disabled_for_a_reason",
        ),
        sa.CheckConstraint(
            "deleted_at IS NULL OR secret = ''", name="ck_webhooks_deleted_without_secret"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_index(
        "ix_webhooks_owner_role_owner_id_id", "webhooks", ["owner_role", "owner_id", "id"]
    )
    op.create_foreign_key("fk_notices_webhook_id", "notices", "webhooks", ["webhook_id"], ["id"])
    op.create_index(
        "ix_notices_webhook_id_id",
        "notices",
        ["webhook_id", "id"],
        postgresql_where=sa.text("webhook_id IS NOT NULL"),
    )
    # That an endpoint of a service is disabled concerns no provider.
    op.alter_column("notices", "provider_id", nullable=True)
