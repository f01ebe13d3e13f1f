"""The first schema: bookings, standings, conversations, the feed, and what the API keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.Text(collation="C")
_INSTANT = sa.DateTime(timezone=True)
_DOCUMENT = postgresql.JSONB()


def upgrade() -> None:
    op.execute('CREATE TYPE textrange AS RANGE (SUBTYPE = text, COLLATION = "C")')
    op.create_table(
        "conversations",
        sa.Column("id", _ID, nullable=False),
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("client_id", _ID, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("last_message_at", _INSTANT),
        sa.Column("latest", _ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint(
            "provider_id", "client_id", name="uq_conversations_provider_id_client_id"
        ),
    )
    op.create_index("ix_conversations_client_id_latest", "conversations", ["client_id", "latest"])
    op.create_index("ix_conversations_latest", "conversations", ["latest"])
    op.create_index(
        "ix_conversations_provider_id_latest", "conversations", ["provider_id", "latest"]
    )
    op.create_table(
        "decisions",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", _ID, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("given_at", _INSTANT, nullable=False),
        sa.Column("handled_at", _INSTANT, nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", _DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("subject", "subject_id", "seq", name="pk_decisions"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("feed_seq", sa.BigInteger()),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", _ID, nullable=False),
        sa.Column("seq", sa.Integer()),
        sa.Column("refusal_seq", sa.Integer()),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", _INSTANT, nullable=False),
        sa.Column("booking_id", _ID),
        sa.Column("provider_id", _ID),
        sa.Column("client_id", _ID),
        sa.Column("data", _DOCUMENT, nullable=False),
        sa.CheckConstraint("num_nonnulls(seq, refusal_seq) = 1", name="ck_events_numbered_once"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("feed_seq", name="uq_events_feed_seq"),
        sa.UniqueConstraint(
            "subject", "subject_id", "refusal_seq", name="uq_events_subject_subject_id_refusal_seq"
        ),
        sa.UniqueConstraint(
            "subject", "subject_id", "seq", name="uq_events_subject_subject_id_seq"
        ),
    )
    op.create_index(
        "ix_events_not_in_feed", "events", ["id"], postgresql_where=sa.text("feed_seq IS NULL")
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("owner_role", sa.Text(), nullable=False),
        sa.Column("owner_id", _ID, nullable=False),
        sa.Column("key", _ID, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("subject_id", _ID, nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("body", _DOCUMENT),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("owner_role", "owner_id", "key", name="pk_idempotency_keys"),
    )
    op.create_table(
        "notices",
        sa.Column("id", _ID, nullable=False),
        sa.Column("recipient_role", sa.Text(), nullable=False),
        sa.Column("recipient_id", _ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("booking_id", _ID),
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("booking_revision", sa.Integer()),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("source", _ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("source", name="uq_notices_source"),
    )
    op.create_index("ix_notices_booking_id", "notices", ["booking_id"])
    op.create_index(
        "ix_notices_recipient_role_recipient_id_id",
        "notices",
        ["recipient_role", "recipient_id", "id"],
    )
    op.create_table(
        "standings",
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("recording", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name="pk_standings"),
    )
    op.create_table(
        "topics",
        sa.Column("id", _ID, nullable=False),
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_topics"),
    )
    op.create_index("ix_topics_provider_id_id", "topics", ["provider_id", "id"])
    op.create_table(
        "booking_intents",
        sa.Column("booking_id", _ID, nullable=False),
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("client_id", _ID, nullable=False),
        sa.Column("topic_id", _ID, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name="fk_booking_intents_topic_id"),
        sa.PrimaryKeyConstraint("booking_id", name="pk_booking_intents"),
    )
    op.create_table(
        "bookings",
        sa.Column("id", _ID, nullable=False),
        sa.Column("topic_id", _ID, nullable=False),
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("client_id", _ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("scheduled_start", _INSTANT),
        sa.Column("scheduled_end", _INSTANT),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("during", postgresql.TSTZRANGE()),
        sa.Column("held", postgresql.TSTZRANGE()),
        sa.Column("document", _DOCUMENT, nullable=False),
        sa.Column("recording", sa.Integer(), nullable=False),
        sa.Column("refusal", _DOCUMENT),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("conference_url", sa.Text()),
        sa.Column("materials", sa.Text()),
        sa.Column("logistics_note", sa.Text()),
        postgresql.ExcludeConstraint(
            (sa.literal_column("textrange(provider_id, provider_id, '[]')"), "&&"),
            (sa.column("during"), "&&"),
            where=sa.text("during IS NOT NULL"),
            using="gist",
            name="ex_bookings_no_overlap",
        ),
        sa.CheckConstraint(
            "(during IS NOT NULL) = (state = 'confirmed')",
            name="ck_bookings_during_while_confirmed",
        ),
        sa.CheckConstraint(
            "held IS NULL OR state = 'confirmed'", name="ck_bookings_held_while_confirmed"
        ),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name="fk_bookings_topic_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bookings"),
    )
    op.create_index("ix_bookings_client_id_id", "bookings", ["client_id", "id"])
    op.create_index("ix_bookings_client_id_state_id", "bookings", ["client_id", "state", "id"])
    op.create_index(
        "ix_bookings_held",
        "bookings",
        ["provider_id"],
        postgresql_where=sa.text("held IS NOT NULL"),
    )
    op.create_index("ix_bookings_provider_id_id", "bookings", ["provider_id", "id"])
    op.create_index("ix_bookings_provider_id_state_id", "bookings", ["provider_id", "state", "id"])
    op.create_index("ix_bookings_state_id", "bookings", ["state", "id"])
    op.create_table(
        "conversation_reads",
        sa.Column("conversation_id", _ID, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("read_up_to", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_conversation_reads_conversation_id"
        ),
        sa.PrimaryKeyConstraint(
            "conversation_id", "role", "person_id", name="pk_conversation_reads"
        ),
    )
    op.create_table(
        "messages",
        sa.Column("id", _ID, nullable=False),
        sa.Column("conversation_id", _ID, nullable=False),
        sa.Column("author_role", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("card", _DOCUMENT),
        sa.Column("source", _ID),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_messages_conversation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("source", name="uq_messages_source"),
    )
    op.create_index("ix_messages_conversation_id_id", "messages", ["conversation_id", "id"])
    op.create_table(
        "late_events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("booking_id", _ID, nullable=False),
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scheduled_start", _INSTANT, nullable=False),
        sa.Column("initiated_at", _INSTANT, nullable=False),
        sa.Column("claimed", sa.Boolean(), nullable=False),
        sa.Column("reported_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_late_events_booking_id"),
        sa.PrimaryKeyConstraint("id", name="pk_late_events"),
    )
    op.create_index(
        "ix_late_events_provider_id_initiated_at", "late_events", ["provider_id", "initiated_at"]
    )
