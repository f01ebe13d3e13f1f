"""Every column of every table: what of a person it may hold, and what becomes of that.

A column that is not named here fails a test: nobody can add a table and forget about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table

from db import schema as at
from db.personal.concerns import (
    Concerns,
    in_conversations,
    named_in,
    nobody,
    of_any,
    of_bookings,
    of_party,
    of_person,
    of_subjects,
    of_their_standing,
    refusal_by,
    said_to_them,
)
from db.personal.rules import (
    Rule,
    becomes,
    document,
    id_by,
    id_of,
    mention,
    message,
    nothing,
    secret,
    sentence,
    source,
    subject_id,
    words,
)
from domain.party import Role

PROVIDER, CLIENT = id_of(Role.PROVIDER), id_of(Role.CLIENT)


@dataclass(frozen=True, kw_only=True)
class Personal:
    """Which rows of a table are about a person, and what becomes of each column.

    `goes` says that the rows are deleted: they are about nobody else, and nothing rests on them.
    """

    table: Table
    concerns: Concerns
    columns: dict[str, Rule]
    goes: bool = False


def _kept(*names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, nothing)


TABLES: tuple[Personal, ...] = (
    Personal(
        table=at.topics,
        concerns=of_party(at.topics),
        columns={
            **_kept("id", "duration_minutes", "created_at", "updated_at"),
            "provider_id": PROVIDER,
            "title": words,
            "description": words,
            "listed": becomes(False),
        },
    ),
    Personal(
        table=at.bookings,
        concerns=of_party(at.bookings),
        columns={
            **_kept("id", "topic_id", "state", "revision", "scheduled_start", "scheduled_end"),
            **_kept("created_at", "updated_at", "during", "held", "recording", "refusal"),
            **_kept("refused"),
            "provider_id": PROVIDER,
            "client_id": CLIENT,
            "document": document,
            "conference_url": words,
            "materials": words,
            "logistics_note": words,
        },
    ),
    Personal(
        table=at.booking_intents,
        concerns=of_party(at.booking_intents),
        columns={
            **_kept("booking_id", "topic_id", "created_at"),
            "provider_id": PROVIDER,
            "client_id": CLIENT,
        },
    ),
    Personal(
        table=at.decisions,
        concerns=of_any(of_subjects(at.decisions), of_person(at.decisions, "by_role", "by_id")),
        columns={
            **_kept("subject", "seq", "given_at", "handled_at", "by_role", "outcome", "code"),
            "subject_id": subject_id,
            "by_id": id_by("by_role"),
            "command": mention,
            "rule": nothing,
            "text": sentence,
            "data": document,
        },
    ),
    Personal(
        table=at.events,
        concerns=of_any(of_subjects(at.events), of_party(at.events), refusal_by),
        columns={
            **_kept("id", "feed_seq", "subject", "seq", "refusal_seq", "type", "occurred_at"),
            "subject_id": subject_id,
            "booking_id": nothing,
            "provider_id": PROVIDER,
            "client_id": CLIENT,
            "data": document,
        },
    ),
    Personal(
        table=at.late_events,
        concerns=of_party(at.late_events),
        columns={
            **_kept("id", "booking_id", "kind", "scheduled_start", "initiated_at", "claimed"),
            **_kept("reported_at"),
            "provider_id": PROVIDER,
        },
    ),
    Personal(
        table=at.standings,
        concerns=of_party(at.standings),
        columns={
            **_kept("status", "suspended", "revision", "recording", "refused", "updated_at"),
            "provider_id": PROVIDER,
            "document": document,
        },
    ),
    Personal(
        table=at.standing_late_events,
        concerns=of_party(at.standing_late_events),
        columns={
            **_kept("id", "place", "booking_id", "kind", "scheduled_start", "initiated_at"),
            **_kept("margin_seconds", "late", "excused", "settled", "aged", "claim"),
            **_kept("claim_due_at"),
            "provider_id": PROVIDER,
        },
    ),
    Personal(
        table=at.conversations,
        concerns=of_party(at.conversations),
        columns={
            **_kept("id", "created_at", "last_message_at", "latest"),
            "provider_id": PROVIDER,
            "client_id": CLIENT,
        },
    ),
    Personal(
        table=at.messages,
        concerns=of_any(
            in_conversations(at.messages), of_person(at.messages, "author_role", "author_id")
        ),
        columns={
            **_kept("id", "conversation_id", "author_role", "at", "source"),
            "author_id": id_by("author_role"),
            "text": message,
            "card": document,
        },
    ),
    Personal(
        table=at.conversation_reads,
        concerns=of_person(at.conversation_reads, "role", "person_id"),
        columns={
            **_kept("conversation_id", "role", "read_up_to"),
            "person_id": id_by("role"),
        },
    ),
    Personal(
        table=at.notices,
        concerns=of_any(
            of_person(at.notices, "recipient_role", "recipient_id"),
            of_party(at.notices),
            of_bookings(at.notices),
        ),
        columns={
            **_kept("id", "recipient_role", "kind", "channel", "booking_id", "booking_revision"),
            **_kept("due_at", "session_start", "state", "event_id", "webhook_id", "attempts"),
            **_kept("attempted_at", "ended_at", "read_at", "created_at"),
            "recipient_id": id_by("recipient_role"),
            "provider_id": PROVIDER,
            "reason": mention,
            # A mail server repeats the address that it was given.
            "answer": words,
            "source": source,
        },
    ),
    Personal(
        table=at.webhooks,
        concerns=of_person(at.webhooks, "owner_role", "owner_id"),
        columns={
            **_kept("id", "owner_role", "types", "created_at", "updated_at", "failing_since"),
            **_kept("disabled_at", "disabled_reason"),
            "owner_id": id_by("owner_role"),
            "url": words,
            "description": words,
            "secret": secret,
            "old_secrets": secret,
            "deleted_at": nothing,
        },
    ),
    Personal(
        table=at.idempotency_keys,
        concerns=of_any(
            named_in(at.idempotency_keys.c.body),
            said_to_them,
            of_their_standing,
        ),
        columns={
            **_kept("owner_role", "key", "status", "created_at"),
            "owner_id": id_by("owner_role"),
            "fingerprint": secret,
            "subject_id": id_of(Role.PROVIDER),
            "body": document,
        },
    ),
    Personal(
        table=at.sign_outs,
        concerns=nobody,
        columns=_kept("session_id", "at"),
    ),
    *(
        Personal(
            table=table,
            concerns=of_person(table, "role", "id" if table is at.people else "person_id"),
            columns=columns,
            goes=True,
        )
        for table, columns in (
            (at.people, {**_kept("role", "id", "zone", "standing"), "name": words}),
            (at.message_allowances, _kept("role", "person_id", "spent_until")),
            (at.contacts, {**_kept("role", "person_id", "source", "updated_at"), "email": words}),
            (at.notice_choices, _kept("role", "person_id", "by_mail", "updated_at")),
            (
                at.calendar_feeds,
                {**_kept("role", "person_id", "created_at"), "token_hash": secret},
            ),
        )
    ),
)
"""In the order in which they are gone through."""
