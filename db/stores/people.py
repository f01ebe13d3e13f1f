"""Noting who people are, so that others see their name and where they are, and find them."""

from __future__ import annotations

from sqlalchemy import or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import people
from domain.party import Party, Role
from domain.standing.state import Status


async def note_person(conn: AsyncConnection, party: Party, *, name: str, zone: str) -> None:
    """Notes a person's name and the IANA name of their time zone, as they are by now."""
    statement = insert(people).values(role=party.role.value, id=party.id, name=name, zone=zone)
    new = statement.excluded
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["role", "id"],
            set_={"name": new.name, "zone": new.zone},
            where=or_(
                people.c.name.is_distinct_from(new.name), people.c.zone.is_distinct_from(new.zone)
            ),
        )
    )


async def note_pair(conn: AsyncConnection, *, provider_id: str, client_id: str) -> None:
    """Notes that there are these two people, of whom nothing else may ever be known."""
    pair = [
        # Always in this order, so that nobody waits for somebody who waits for them.
        {"role": Role.CLIENT.value, "id": client_id},
        {"role": Role.PROVIDER.value, "id": provider_id},
    ]
    await conn.execute(insert(people).values(pair).on_conflict_do_nothing())


async def note_provider(conn: AsyncConnection, provider_id: str) -> None:
    """Notes that somebody offers something; they are in good standing until a standing says."""
    statement = insert(people).values(
        role=Role.PROVIDER.value, id=provider_id, standing=Status.GOOD.value
    )
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["role", "id"],
            set_={"standing": statement.excluded.standing},
            where=people.c.standing.is_(None),
        )
    )


async def note_standing(conn: AsyncConnection, provider_id: str, status: Status) -> None:
    """Notes how a provider stands, for the lists of providers."""
    statement = insert(people).values(
        role=Role.PROVIDER.value, id=provider_id, standing=status.value
    )
    new = statement.excluded
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["role", "id"],
            set_={"standing": new.standing},
            where=people.c.standing.is_distinct_from(new.standing),
        )
    )
