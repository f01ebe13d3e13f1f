"""Where people get mail, and what they have chosen to get."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import contacts, notice_choices, people
from domain.notices.preferences import Choice, Group
from domain.party import Party


class Source(StrEnum):
    """Whose word an address is."""

    SIGN_IN = "sign-in"
    """The identity provider's, which has verified it."""

    SERVICE = "service"
    """A service's or support's."""

    PERSON = "person"
    """Their own."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How somebody is reached. `zone` is the IANA name of their time zone, if anybody knows it."""

    email: str | None = None
    source: Source | None = None
    zone: str | None = None
    choice: Choice = field(default_factory=dict)


async def get_reach(conn: AsyncConnection, who: Party) -> Reach:
    """How a person is reached; of somebody of whom nothing is known, by the inbox alone."""
    role, person_id = who.role.value, who.id
    one = select(true().label("there")).subquery()
    found = await conn.execute(
        select(contacts.c.email, contacts.c.source, people.c.zone, notice_choices.c.by_mail)
        .select_from(one)
        .outerjoin(contacts, and_(contacts.c.role == role, contacts.c.person_id == person_id))
        .outerjoin(people, and_(people.c.role == role, people.c.id == person_id))
        .outerjoin(
            notice_choices,
            and_(notice_choices.c.role == role, notice_choices.c.person_id == person_id),
        )
    )
    row = found.one()
    return Reach(
        email=row.email,
        source=Source(row.source) if row.source else None,
        zone=row.zone,
        choice=choice_from(row.by_mail),
    )


def choice_from(document: dict[str, Any] | None) -> Choice:
    """A choice as it was kept; groups that are no more are left out."""
    known = set(Group)
    return {Group(name): bool(on) for name, on in (document or {}).items() if name in known}


def contact_of(
    role: ColumnElement[str], person_id: ColumnElement[str], table: FromClause = contacts
) -> ColumnElement[bool]:
    """Joins the contact, or the choice, of whom a row is for."""
    return and_(table.c.role == role, table.c.person_id == person_id)


def wants_mail(kind_group: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether somebody has not turned mail of a group off; see `domain.notices.preferences`."""
    chosen = notice_choices.c.by_mail.op("->>", return_type=Text())(kind_group)
    return func.coalesce(chosen, "true") != "false"
