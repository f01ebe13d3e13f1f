"""The tables, as the newest migration leaves them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, TSVECTOR, ExcludeConstraint

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Ids are compared byte by byte, so that a page ends at the same place whatever the locale.
_ID = Text(collation="C")
_INSTANT = DateTime(timezone=True)
_DOCUMENT = JSONB(none_as_null=True)

NO_OVERLAP = "ex_bookings_no_overlap"
"""The constraint that no two confirmed sessions of one provider overlap."""

# A query finds the index of such a condition by saying it in the same words.
PROOFS_TO_REVIEW = text("""document::jsonb @? '$.proofs.* ? (@.status == "submitted")'""")
"""The standings to which proofs were brought that nobody has reviewed."""

CLAIMS_TO_SETTLE = text(
    """document::jsonb @? '$.claims.* ? (@.status == "open" || @.status == "contested")'"""
)
"""The standings with claims that are neither upheld nor dismissed."""

SESSIONS = text("state IN ('confirmed', 'completed')")
"""The bookings that have a date which stands."""


def _pieces_of(searched: str) -> Column[Any]:
    """The pieces of which a text consists, for whoever looks for a part of it."""
    # Ids are written byte by byte, and would bring that order with them.
    computed = f'array_to_tsvector(pieces(({searched}) COLLATE "default"))'
    return Column("pieces", TSVECTOR, Computed(computed, persisted=True), nullable=False)


def _index_of_pieces(table: str) -> Index:
    return Index(
        f"ix_{table}_pieces",
        "pieces",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )


# Whether a late event counts, as its standing says.
_COUNTS = "late AND NOT (excused OR settled OR aged) AND coalesce(claim = 'upheld', true)"

IN_INBOX = text("channel = 'inbox' AND state = 'sent'")
"""The notices that a person finds in the portal."""

UNREAD = text("channel = 'inbox' AND state = 'sent' AND read_at IS NULL")
"""Those of them that they have not seen."""

topics = Table(
    "topics",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("provider_id", _ID, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("duration_minutes", Integer, nullable=False),
    # False: paused by the provider. Whether it is suspended is a matter of the provider's standing.
    Column("listed", Boolean, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("updated_at", _INSTANT, nullable=False),
    _pieces_of(r"title || E'\n' || description"),
    Index(None, "provider_id", "id"),
    _index_of_pieces("topics"),
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("topic_id", _ID, ForeignKey("topics.id"), nullable=False),
    Column("provider_id", _ID, nullable=False),
    Column("client_id", _ID, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("scheduled_start", _INSTANT),
    Column("scheduled_end", _INSTANT),
    Column("created_at", _INSTANT, nullable=False),
    Column("updated_at", _INSTANT, nullable=False),
    # The session, while the booking is confirmed.
    Column("during", TSTZRANGE),
    # The new date that the client has accepted, until support enters it.
    Column("held", TSTZRANGE),
    # The whole booking; the columns above repeat what is searched and constrained.
    Column("document", _DOCUMENT, nullable=False),
    # The number of the newest recording, and what it was refused with, if it was.
    Column("recording", Integer, nullable=False),
    Column("refusal", _DOCUMENT),
    # How many commands were refused and put on record; the timeline keeps only the newest.
    Column("refused", Integer, nullable=False),
    # Logistics belong to the API: a recording never touches them.
    Column("conference_url", Text),
    Column("materials", Text),
    Column("logistics_note", Text),
    CheckConstraint("(during IS NOT NULL) = (state = 'confirmed')", name="during_while_confirmed"),
    CheckConstraint("held IS NULL OR state = 'confirmed'", name="held_while_confirmed"),
    # GiST compares no plain text without the extension btree_gist, which not every server has.
    # It knows ranges, and two ranges of one text each overlap where the texts are equal.
    ExcludeConstraint(
        (literal_column("textrange(provider_id, provider_id, '[]')"), "&&"),
        ("during", "&&"),
        name=NO_OVERLAP,
        using="gist",
        where=text("during IS NOT NULL"),
    ),
    Index(None, "provider_id", "id"),
    Index(None, "client_id", "id"),
    Index(None, "state", "id"),
    Index(None, "provider_id", "state", "id"),
    Index(None, "client_id", "state", "id"),
    Index(None, "provider_id", "client_id", "id"),
    Index(None, "topic_id", "id"),
    Index(None, "topic_id", "state", "id"),
    Index("ix_bookings_held", "provider_id", postgresql_where=text("held IS NOT NULL")),
    # The sessions of a calendar.
    Index(
        "ix_bookings_provider_sessions", "provider_id", "scheduled_end", postgresql_where=SESSIONS
    ),
    Index("ix_bookings_client_sessions", "client_id", "scheduled_end", postgresql_where=SESSIONS),
)

booking_intents = Table(
    "booking_intents",
    metadata,
    Column("booking_id", _ID, primary_key=True),
    Column("provider_id", _ID, nullable=False),
    Column("client_id", _ID, nullable=False),
    Column("topic_id", _ID, ForeignKey("topics.id"), nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Index(None, "created_at"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("subject_id", _ID, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("given_at", _INSTANT, nullable=False),
    Column("handled_at", _INSTANT, nullable=False),
    Column("by_role", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("rule", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("data", _DOCUMENT, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # The place in the feed; null until a reader of the feed has seen the event committed.
    Column("feed_seq", BigInteger, unique=True),
    Column("subject", Text, nullable=False),
    Column("subject_id", _ID, nullable=False),
    # An event has its number among the subject's events. A refused command is no event of the
    # subject's: it has the number of its line in the timeline instead. What the API itself writes,
    # a message or the logistics, has neither.
    Column("seq", Integer),
    Column("refusal_seq", Integer),
    Column("type", Text, nullable=False),
    Column("occurred_at", _INSTANT, nullable=False),
    Column("booking_id", _ID),
    Column("provider_id", _ID),
    Column("client_id", _ID),
    Column("data", _DOCUMENT, nullable=False),
    CheckConstraint("num_nonnulls(seq, refusal_seq) <= 1", name="numbered_once"),
    UniqueConstraint("subject", "subject_id", "seq"),
    UniqueConstraint("subject", "subject_id", "refusal_seq"),
    Index("ix_events_not_in_feed", "id", postgresql_where=text("feed_seq IS NULL")),
)

late_events = Table(
    "late_events",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("booking_id", _ID, ForeignKey("bookings.id"), nullable=False),
    Column("provider_id", _ID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("scheduled_start", _INSTANT, nullable=False),
    Column("initiated_at", _INSTANT, nullable=False),
    Column("claimed", Boolean, nullable=False),
    Column("reported_at", _INSTANT, nullable=False),
    Index(None, "provider_id", "initiated_at"),
    Index(None, "booking_id"),
)

standings = Table(
    "standings",
    metadata,
    Column("provider_id", _ID, primary_key=True),
    Column("status", Text, nullable=False),
    Column("suspended", Boolean, nullable=False),
    # Not jsonb, which sorts the keys of an object: a standing lists its events as they came.
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("recording", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("updated_at", _INSTANT, nullable=False),
    Index(None, "status", "provider_id"),
    Index("ix_standings_proofs_to_review", "provider_id", postgresql_where=PROOFS_TO_REVIEW),
    Index("ix_standings_claims_to_settle", "provider_id", postgresql_where=CLAIMS_TO_SETTLE),
)

# Every late event of each standing, as things stand. The standing itself carries but the newest.
standing_late_events = Table(
    "standing_late_events",
    metadata,
    Column("provider_id", _ID, primary_key=True),
    Column("id", _ID, primary_key=True),
    # The number of the event by which it came on record: they are listed as they came.
    Column("place", Integer, nullable=False),
    Column("booking_id", _ID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("scheduled_start", _INSTANT, nullable=False),
    Column("initiated_at", _INSTANT, nullable=False),
    Column("margin_seconds", BigInteger, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("excused", Boolean, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("aged", Boolean, nullable=False),
    # What has become of the client's word, where it is by that alone that it was late.
    Column("claim", Text),
    Column("claim_due_at", _INSTANT),
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

conversations = Table(
    "conversations",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("provider_id", _ID, nullable=False),
    Column("client_id", _ID, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("last_message_at", _INSTANT),
    # The id of the newest message, or the conversation's own while it has none. Ids sort by time,
    # so this one column lists conversations by their last activity, and pages them.
    Column("latest", _ID, nullable=False),
    UniqueConstraint("provider_id", "client_id"),
    Index(None, "latest"),
    Index(None, "provider_id", "latest"),
    Index(None, "client_id", "latest"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("conversation_id", _ID, ForeignKey("conversations.id"), nullable=False),
    Column("author_role", Text, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", _INSTANT, nullable=False),
    Column("card", _DOCUMENT),
    # "<booking id>/<number of the event>" of a card, so that each is written once.
    Column("source", _ID, unique=True),
    Index(None, "conversation_id", "id"),
)

conversation_reads = Table(
    "conversation_reads",
    metadata,
    Column("conversation_id", _ID, ForeignKey("conversations.id"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("person_id", _ID, primary_key=True),
    Column("read_up_to", _ID, nullable=False),
)

# Everybody who ever had to do with somebody. Whom the portal has seen has a name, which others may
# call them by, and a time zone; a person whom only other services know goes by their id.
people = Table(
    "people",
    metadata,
    Column("role", Text, primary_key=True),
    Column("id", _ID, primary_key=True),
    Column("name", Text),
    Column("zone", Text),
    # How a provider stands, as in `standings`, or `good` where there is no standing. Null for who
    # has never offered a topic nor has a standing, and for everybody else.
    Column("standing", Text),
    _pieces_of(r"coalesce(name, '') || E'\n' || id"),
    _index_of_pieces("people"),
    Index("ix_people_providers", "id", postgresql_where=text("standing IS NOT NULL")),
    Index(None, "standing", "id", postgresql_where=text("standing IS NOT NULL")),
)

# Until when what a person has posted weighs on them; a time in the past weighs nothing.
message_allowances = Table(
    "message_allowances",
    metadata,
    Column("role", Text, primary_key=True),
    Column("person_id", _ID, primary_key=True),
    Column("spent_until", _INSTANT, nullable=False),
)

# Where services are told of events. The secrets stay readable, for every delivery is signed with
# them; they sign nothing but what their owner may read anyway.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("owner_role", Text, nullable=False),
    Column("owner_id", _ID, nullable=False),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    # Which types of events it is told of; empty for all.
    Column("types", ARRAY(Text), nullable=False),
    Column("secret", Text, nullable=False),
    # [{"secret", "until"}]: those that were replaced, and sign on until then.
    Column("old_secrets", _DOCUMENT, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("updated_at", _INSTANT, nullable=False),
    # The first failure since the last success.
    Column("failing_since", _INSTANT),
    Column("disabled_at", _INSTANT),
    Column("disabled_reason", Text),
    # Its deliveries stay on record when it is deleted.
    Column("deleted_at", _INSTANT),
    CheckConstraint(
        "(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_for_a_reason"
    ),
    CheckConstraint("deleted_at IS NULL OR secret = ''", name="deleted_without_secret"),
    Index(None, "owner_role", "owner_id", "id"),
)

notices = Table(
    "notices",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("recipient_role", Text, nullable=False),
    Column("recipient_id", _ID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("booking_id", _ID),
    # Whom it concerns; nobody, where a service is told of its own endpoint.
    Column("provider_id", _ID),
    Column("booking_revision", Integer),
    Column("due_at", _INSTANT, nullable=False),
    # The date that it speaks of: where that is amended, it is superseded.
    Column("session_start", _INSTANT),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    # Of a webhook: the event that it carries, and where to.
    Column("event_id", BigInteger, ForeignKey("events.id")),
    Column("webhook_id", _ID, ForeignKey("webhooks.id")),
    # How often an outlet has tried, when last, and what came of that.
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("attempted_at", _INSTANT),
    Column("answer", Text),
    Column("ended_at", _INSTANT),
    # When the person has seen it in the portal.
    Column("read_at", _INSTANT),
    Column("created_at", _INSTANT, nullable=False, server_default=text("now()")),
    # "<subject>/<id>/<number of the event>/<recipient>/<channel>": nobody is told twice.
    Column("source", _ID, nullable=False, unique=True),
    CheckConstraint(
        "state IN ('owed', 'sent', 'superseded', 'skipped', 'failed')", name="known_state"
    ),
    Index(None, "recipient_role", "recipient_id", "id"),
    Index(None, "booking_id"),
    Index("ix_notices_owed", "booking_id", postgresql_where=text("state = 'owed'")),
    Index("ix_notices_unread", "recipient_role", "recipient_id", postgresql_where=UNREAD),
    # The log of what an endpoint was sent.
    Index(None, "webhook_id", "id", postgresql_where=text("webhook_id IS NOT NULL")),
)

# Where a person gets mail, null where they want none anywhere, and whose word that is: the identity
# provider's, when they signed in; a service's or support's; or their own.
contacts = Table(
    "contacts",
    metadata,
    Column("role", Text, primary_key=True),
    Column("person_id", _ID, primary_key=True),
    Column("email", Text),
    Column("source", Text, nullable=False),
    Column("updated_at", _INSTANT, nullable=False, server_default=text("now()")),
    CheckConstraint("source IN ('sign-in', 'service', 'person')", name="known_source"),
)

# What a person has chosen: for groups of notices, whether they come by e-mail.
notice_choices = Table(
    "notice_choices",
    metadata,
    Column("role", Text, primary_key=True),
    Column("person_id", _ID, primary_key=True),
    Column("by_mail", _DOCUMENT, nullable=False),
    Column("updated_at", _INSTANT, nullable=False, server_default=text("now()")),
)

# The private address of a person's calendar. It is a secret, so only its hash is kept.
calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    Column("role", Text, primary_key=True),
    Column("person_id", _ID, primary_key=True),
    Column("token_hash", Text(collation="C"), nullable=False, unique=True),
    Column("created_at", _INSTANT, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner_role", Text, primary_key=True),
    Column("owner_id", _ID, primary_key=True),
    Column("key", _ID, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    # What the request is about; of a creation, the id that was put by for it.
    Column("subject_id", _ID, nullable=False),
    # The answer, once it is known.
    Column("status", Integer),
    Column("body", _DOCUMENT),
    Column("created_at", _INSTANT, nullable=False, server_default=text("now()")),
    Index(None, "created_at"),
)
