"""Noting who people are, so that others see their name and where they are."""

from __future__ import annotations

from sqlalchemy import or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import people
from domain.party import Party


async def note_person(conn: AsyncConnection, party: Party, *, name: str, zone: str) -> None:
    """Notes a person's name and the IANA name of their time zone, as they are by now."""
    statement = insert(people).values(role=party.role.value, id=party.id, name=name, zone=zone)
    new = statement.excluded
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["role", "id"],
            set_={"name": new.name, "zone": new.zone},
            where=or_(people.c.name != new.name, people.c.zone != new.zone),
        )
    )
