"""People: what they are called, and how they want to be reached."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Table, Text, text

from db.schema.base import DOCUMENT, ID, INSTANT, index_of_pieces, metadata, pieces_of

# Everybody who ever had to do with somebody. Whom the portal has seen has a name, which others may
# call them by, and a time zone; a person whom only other services know goes by their id.
people = Table(
    "people",
    metadata,
    Column("role", Text, primary_key=True),
    Column("id", ID, primary_key=True),
    Column("name", Text),
    Column("zone", Text),
    # How a provider stands, as in `standings`, or `good` where there is no standing. Null for who
    # has never offered a topic nor has a standing, and for everybody else.
    Column("standing", Text),
    pieces_of(r"coalesce(name, '') || E'\n' || id"),
    index_of_pieces("people"),
    Index("ix_people_providers", "id", postgresql_where=text("standing IS NOT NULL")),
    Index(None, "standing", "id", postgresql_where=text("standing IS NOT NULL")),
)

# Where a person gets mail, null where they want none anywhere, and whose word that is: the identity
# provider's, when they signed in; a service's or support's; or their own.
contacts = Table(
    "contacts",
    metadata,
    Column("role", Text, primary_key=True),
    Column("person_id", ID, primary_key=True),
    Column("email", Text),
    Column("source", Text, nullable=False),
    Column("updated_at", INSTANT, nullable=False, server_default=text("now()")),
    CheckConstraint("source IN ('sign-in', 'service', 'person')", name="known_source"),
)

# What a person has chosen: for groups of notices, whether they come by e-mail.
notice_choices = Table(
    "notice_choices",
    metadata,
    Column("role", Text, primary_key=True),
    Column("person_id", ID, primary_key=True),
    Column("by_mail", DOCUMENT, nullable=False),
    Column("updated_at", INSTANT, nullable=False, server_default=text("now()")),
)

# The private address of a person's calendar. It is a secret, so only its hash is kept.
calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    Column("role", Text, primary_key=True),
    Column("person_id", ID, primary_key=True),
    Column("token_hash", Text(collation="C"), nullable=False, unique=True),
    Column("created_at", INSTANT, nullable=False),
)
