"""Keeping where people get mail, and what they have chosen to get."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.contacts import Source
from db.schema import contacts, notice_choices, people
from domain.notices.preferences import Choice
from domain.party import Party

_PEOPLE = 0x746F6C64  # "told"


async def hold_person(conn: AsyncConnection, who: Party) -> None:
    """Until the transaction ends, nobody else changes how they are told: the rest stays as read."""
    await conn.execute(
        select(func.pg_advisory_xact_lock(_PEOPLE, func.hashtext(f"{who.role}/{who.id}")))
    )


async def keep_address(
    conn: AsyncConnection, who: Party, email: str | None, source: Source
) -> None:
    """Keeps where somebody gets mail; None where they want none, and the inbox is enough.

    What the identity provider says gives way to what was said on purpose: somebody who has changed
    or removed an address must not have to do so after each sign-in.
    """
    statement = insert(contacts).values(
        role=who.role.value, person_id=who.id, email=email, source=source.value
    )
    new = statement.excluded
    changed = contacts.c.email.is_distinct_from(new.email)
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["role", "person_id"],
            set_={"email": new.email, "source": new.source, "updated_at": func.now()},
            where=changed & (contacts.c.source == Source.SIGN_IN.value)
            if source is Source.SIGN_IN
            else changed,
        )
    )


async def keep_choice(conn: AsyncConnection, who: Party, choice: Choice) -> None:
    """Keeps what somebody has chosen, in place of all that they had chosen before."""
    document = {group.value: on for group, on in choice.items()}
    new: dict[str, Any] = {"by_mail": document, "updated_at": func.now()}
    await conn.execute(
        insert(notice_choices)
        .values(role=who.role.value, person_id=who.id, **new)
        .on_conflict_do_update(index_elements=["role", "person_id"], set_=new)
    )


async def keep_zone(conn: AsyncConnection, who: Party, zone: str) -> None:
    """Keeps the IANA name of somebody's time zone, for times in what they are sent."""
    await conn.execute(
        insert(people)
        .values(role=who.role.value, id=who.id, zone=zone)
        .on_conflict_do_update(index_elements=["role", "id"], set_={"zone": zone})
    )
