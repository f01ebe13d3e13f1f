"""Which rows of a table are about a person: those that are rewritten or deleted with them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ColumnElement, Table, and_, cast, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from db.personal.rules import Erasure
from db.schema import events, idempotency_keys, messages
from domain.party import Role
from domain.record import Subject

Concerns = Callable[[Erasure], ColumnElement[bool]]


def nobody(_: Erasure) -> ColumnElement[bool]:
    """No rows: none of them says of whom it is."""
    return false()


def of_party(table: Table) -> Concerns:
    """Rows with a provider and a client, or with one of them."""

    def concerns(erasure: Erasure) -> ColumnElement[bool]:
        column = f"{erasure.person.role.value}_id"
        return table.c[column] == erasure.person.id if column in table.c else false()

    return concerns


def of_person(table: Table, role: str, person_id: str) -> Concerns:
    """Rows that name a person by role and id, in these two columns."""

    def concerns(erasure: Erasure) -> ColumnElement[bool]:
        person = erasure.person
        return and_(table.c[role] == person.role.value, table.c[person_id] == person.id)

    return concerns


def of_any(*conditions: Concerns) -> Concerns:
    """Rows that are about a person for one of these reasons."""
    return lambda erasure: or_(*(each(erasure) for each in conditions))


def of_bookings(table: Table) -> Concerns:
    """Rows about their bookings."""
    return lambda erasure: table.c.booking_id.in_(erasure.bookings)


def of_subjects(table: Table) -> Concerns:
    """Lines and events of their bookings and of their standing."""

    def concerns(erasure: Erasure) -> ColumnElement[bool]:
        subject, subject_id = table.c.subject, table.c.subject_id
        theirs = and_(subject == Subject.BOOKING, subject_id.in_(erasure.bookings))
        if erasure.person.role is not Role.PROVIDER:
            return theirs
        standing = and_(subject == Subject.STANDING, subject_id == erasure.person.id)
        return or_(theirs, standing)

    return concerns


def in_conversations(table: Table) -> Concerns:
    """Rows of their conversations."""
    return lambda erasure: table.c.conversation_id.in_(erasure.conversations)


def named_in(column: ColumnElement[object]) -> Concerns:
    """Documents that name a person, at any depth: a client of the same id is somebody else."""

    def concerns(erasure: Erasure) -> ColumnElement[bool]:
        role = erasure.person.role.value
        named = f"@.{role}_id == $id || (@.role == $role && @.id == $id)"
        who = literal({"role": role, "id": erasure.person.id}, JSONB)
        return func.jsonb_path_exists(column, cast(f"$.** ? ({named})", JSONPATH), who)

    return concerns


def refusal_by(erasure: Erasure) -> ColumnElement[bool]:
    """Refused commands that they gave."""
    by = {"role": erasure.person.role.value, "id": erasure.person.id}
    return events.c.data.contains({"by": by})


def of_their_standing(erasure: Erasure) -> ColumnElement[bool]:
    """Requests about a provider: those about something else have an id of that."""
    if erasure.person.role is not Role.PROVIDER:
        return false()
    return idempotency_keys.c.subject_id == erasure.person.id


def said_to_them(erasure: Erasure) -> ColumnElement[bool]:
    """Answers to whoever said something in a conversation of theirs, by name perhaps."""
    said = select(messages.c.id).where(in_conversations(messages)(erasure))
    answered: ColumnElement[str] = idempotency_keys.c.body["id"].astext
    return answered.in_(said)


OWN_KEYS = of_person(idempotency_keys, "owner_role", "owner_id")
"""The keys of a person's own requests, with the answers, which are theirs alone: they go."""
