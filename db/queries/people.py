"""People as others see them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import people
from domain.party import Party, Role

# Built once: to build a statement takes longer than to run it.
_NAMED = select(people.c.role, people.c.id, people.c.name, people.c.zone).where(
    tuple_(people.c.role, people.c.id).in_(bindparam("pairs", expanding=True)),
    people.c.name.is_not(None),
)


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    """A person as they were last seen. `zone` is the IANA name of their time zone."""

    party: Party
    name: str
    zone: str


async def find_people(conn: AsyncConnection, parties: Collection[Party]) -> dict[Party, PersonRow]:
    """Those of some people who have ever been seen in the portal."""
    if not parties:
        return {}
    pairs = [(party.role.value, party.id) for party in parties]
    found = await conn.execute(_NAMED, {"pairs": pairs})
    rows = (
        PersonRow(party=Party(role=Role(row.role), id=row.id), name=row.name, zone=row.zone)
        for row in found
    )
    return {row.party: row for row in rows}
