"""What was late, and how providers stand."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from db.schema.base import ID, INSTANT, metadata

# A query finds the index of such a condition by saying it in the same words.
PROOFS_TO_REVIEW = text("""document::jsonb @? '$.proofs.* ? (@.status == "submitted")'""")
"""The standings to which proofs were brought that nobody has reviewed."""

CLAIMS_TO_SETTLE = text(
    """document::jsonb @? '$.claims.* ? (@.status == "open" || @.status == "contested")'"""
)
"""The standings with claims that are neither upheld nor dismissed."""

# Whether a late event counts, as its standing says.
_COUNTS = "late AND NOT (excused OR settled OR aged) AND coalesce(claim = 'upheld', true)"

late_events = Table(
    "late_events",
    metadata,
    Column("id", ID, primary_key=True),
    Column("booking_id", ID, ForeignKey("bookings.id"), nullable=False),
    Column("provider_id", ID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("scheduled_start", INSTANT, nullable=False),
    Column("initiated_at", INSTANT, nullable=False),
    Column("claimed", Boolean, nullable=False),
    Column("reported_at", INSTANT, nullable=False),
    Index(None, "provider_id", "initiated_at"),
    Index(None, "booking_id"),
)

standings = Table(
    "standings",
    metadata,
    Column("provider_id", ID, primary_key=True),
    Column("status", Text, nullable=False),
    Column("suspended", Boolean, nullable=False),
    # Not jsonb, which sorts the keys of an object: a standing lists its events as they came.
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("recording", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index(None, "status", "provider_id"),
    Index("ix_standings_proofs_to_review", "provider_id", postgresql_where=PROOFS_TO_REVIEW),
    Index("ix_standings_claims_to_settle", "provider_id", postgresql_where=CLAIMS_TO_SETTLE),
)

# Every late event of each standing, as things stand. The standing itself carries but the newest.
standing_late_events = Table(
    "standing_late_events",
    metadata,
    Column("provider_id", ID, primary_key=True),
    Column("id", ID, primary_key=True),
    # The number of the event by which it came on record: they are listed as they came.
    Column("place", Integer, nullable=False),
    Column("booking_id", ID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("scheduled_start", INSTANT, nullable=False),
    Column("initiated_at", INSTANT, nullable=False),
    Column("margin_seconds", BigInteger, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("excused", Boolean, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("aged", Boolean, nullable=False),
    # What has become of the client's word, where it is by that alone that it was late.
    Column("claim", Text),
    Column("claim_due_at", INSTANT),
    Column("counts", Boolean, Computed(_COUNTS, persisted=True), nullable=False),
    CheckConstraint("(claim IS NULL) = (claim_due_at IS NULL)", name="claim_with_its_time"),
    Index(None, "provider_id", "place", unique=True),
    Index(
        "ix_standing_late_events_counting",
        "provider_id",
        "initiated_at",
        postgresql_where=text("counts"),
    ),
)
