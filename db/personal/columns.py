"""Every column of every table: what of a person it may hold, and what becomes of that.

A column that is not named here fails a test: nobody can add a table and forget about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, and_, cast, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from db import schema as at
from db.personal.rules import (
    Erasure,
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

Concerns = Callable[[Erasure], ColumnElement[bool]]

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


def _party(table: Table) -> Concerns:
    """Rows with a provider and a client, or with one of them."""

    def concerns(erasure: Erasure) -> ColumnElement[bool]:
        column = f"{erasure.person.role.value}_id"
        return table.c[column] == erasure.person.id if column in table.c else false()

    return concerns


def _person(table: Table, role: str, person_id: str) -> Concerns:
    """Rows that name a person by role and id."""

    def concerns(erasure: Erasure) -> ColumnElement[bool]:
        person = erasure.person
        return and_(table.c[role] == person.role.value, table.c[person_id] == person.id)

    return concerns


def _any(*conditions: Concerns) -> Concerns:
    return lambda erasure: or_(*(each(erasure) for each in conditions))


def _of_bookings(table: Table) -> Concerns:
    return lambda erasure: table.c.booking_id.in_(erasure.bookings)


def _of_subjects(table: Table) -> Concerns:
    """Lines and events of their bookings and of their standing."""

    def concerns(erasure: Erasure) -> ColumnElement[bool]:
        theirs = and_(table.c.subject == "booking", table.c.subject_id.in_(erasure.bookings))
        if erasure.person.role is not Role.PROVIDER:
            return theirs
        standing = and_(table.c.subject == "standing", table.c.subject_id == erasure.person.id)
        return or_(theirs, standing)

    return concerns


def _in_conversations(table: Table) -> Concerns:
    return lambda erasure: table.c.conversation_id.in_(erasure.conversations)


def _named_in(column: ColumnElement[object]) -> Concerns:
    """Documents that name a person, at any depth: a client of the same id is somebody else."""

    def concerns(erasure: Erasure) -> ColumnElement[bool]:
        role = erasure.person.role.value
        named = f"@.{role}_id == $id || (@.role == $role && @.id == $id)"
        who = literal({"role": role, "id": erasure.person.id}, JSONB)
        return func.jsonb_path_exists(column, cast(f"$.** ? ({named})", JSONPATH), who)

    return concerns


def _of_their_standing(erasure: Erasure) -> ColumnElement[bool]:
    """Requests about a provider: those about something else have an id of that."""
    if erasure.person.role is not Role.PROVIDER:
        return false()
    return at.idempotency_keys.c.subject_id == erasure.person.id


def _said_to_them(erasure: Erasure) -> ColumnElement[bool]:
    """Answers to whoever said something in a conversation of theirs, by name perhaps."""
    said = select(at.messages.c.id).where(_in_conversations(at.messages)(erasure))
    answered: ColumnElement[str] = at.idempotency_keys.c.body["id"].astext
    return answered.in_(said)


def _kept(*names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, nothing)


_REFUSAL_BY: Concerns = lambda erasure: at.events.c.data.contains(  # noqa: E731
    {"by": {"role": erasure.person.role.value, "id": erasure.person.id}}
)

TABLES: tuple[Personal, ...] = (
    Personal(
        table=at.topics,
        concerns=_party(at.topics),
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
        concerns=_party(at.bookings),
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
        concerns=_party(at.booking_intents),
        columns={
            **_kept("booking_id", "topic_id", "created_at"),
            "provider_id": PROVIDER,
            "client_id": CLIENT,
        },
    ),
    Personal(
        table=at.decisions,
        concerns=_any(_of_subjects(at.decisions), _person(at.decisions, "by_role", "by_id")),
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
        concerns=_any(_of_subjects(at.events), _party(at.events), _REFUSAL_BY),
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
        concerns=_party(at.late_events),
        columns={
            **_kept("id", "booking_id", "kind", "scheduled_start", "initiated_at", "claimed"),
            **_kept("reported_at"),
            "provider_id": PROVIDER,
        },
    ),
    Personal(
        table=at.standings,
        concerns=_party(at.standings),
        columns={
            **_kept("status", "suspended", "revision", "recording", "refused", "updated_at"),
            "provider_id": PROVIDER,
            "document": document,
        },
    ),
    Personal(
        table=at.standing_late_events,
        concerns=_party(at.standing_late_events),
        columns={
            **_kept("id", "place", "booking_id", "kind", "scheduled_start", "initiated_at"),
            **_kept("margin_seconds", "late", "excused", "settled", "aged", "claim"),
            **_kept("claim_due_at"),
            "provider_id": PROVIDER,
        },
    ),
    Personal(
        table=at.conversations,
        concerns=_party(at.conversations),
        columns={
            **_kept("id", "created_at", "last_message_at", "latest"),
            "provider_id": PROVIDER,
            "client_id": CLIENT,
        },
    ),
    Personal(
        table=at.messages,
        concerns=_any(
            _in_conversations(at.messages), _person(at.messages, "author_role", "author_id")
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
        concerns=_person(at.conversation_reads, "role", "person_id"),
        columns={
            **_kept("conversation_id", "role", "read_up_to"),
            "person_id": id_by("role"),
        },
    ),
    Personal(
        table=at.notices,
        concerns=_any(
            _person(at.notices, "recipient_role", "recipient_id"),
            _party(at.notices),
            _of_bookings(at.notices),
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
        concerns=_person(at.webhooks, "owner_role", "owner_id"),
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
        concerns=_any(
            _named_in(at.idempotency_keys.c.body),
            _said_to_them,
            _of_their_standing,
        ),
        columns={
            **_kept("owner_role", "key", "status", "created_at"),
            "owner_id": id_by("owner_role"),
            "fingerprint": secret,
            "subject_id": id_of(Role.PROVIDER),
            "body": document,
        },
    ),
    *(
        Personal(
            table=table,
            concerns=_person(table, "role", "id" if table is at.people else "person_id"),
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

OWN_KEYS = _person(at.idempotency_keys, "owner_role", "owner_id")
"""The keys of a person's own requests, with the answers, which are theirs alone: they go."""
