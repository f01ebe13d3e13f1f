"""Providers as support looks them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.counting import count_each, statement_of_counts
from db.queries.pieces import holds, planned_by_value
from db.schema import people, topics
from domain.party import Role
from domain.standing.state import Status

_IS_PROVIDER = people.c.standing.is_not(None)
"""Whoever has ever offered a topic or has a standing is one."""


_BY_STATUS = statement_of_counts(people.c.standing, Status, _IS_PROVIDER)


@dataclass(frozen=True, kw_only=True)
class ProviderRow:
    """A provider, where they stand, and how many topics they offer."""

    provider_id: str
    status: Status
    topics: int


async def list_providers(
    conn: AsyncConnection,
    *,
    status: Status | None = None,
    q: str = "",
    limit: int,
    after: str | None = None,
) -> list[ProviderRow]:
    """Providers in the order of their ids, from the one after `after` on.

    `q` is looked for in ids and names, in any case of letters.
    """
    if q:
        await planned_by_value(conn)
    found = await conn.execute(list_statement(status=status, q=q, limit=limit, after=after))
    return [
        ProviderRow(provider_id=row.id, status=Status(row.standing), topics=row.topics)
        for row in found
    ]


def list_statement(
    *, status: Status | None = None, q: str = "", limit: int, after: str | None = None
) -> Select[Any]:
    """What `list_providers` asks; apart from it, so that its plan can be looked at."""
    offered = select(func.count()).where(topics.c.provider_id == people.c.id).scalar_subquery()
    statement = select(people.c.id, people.c.standing, offered.label("topics")).where(_IS_PROVIDER)
    if status is not None:
        statement = statement.where(people.c.standing == status.value)
    if q:
        statement = statement.where(holds(people, q, people.c.id, people.c.name))
    if after is not None:
        statement = statement.where(people.c.id > after)
    return statement.order_by(people.c.id).limit(limit)


async def count_by_status(conn: AsyncConnection) -> dict[Status, int]:
    """How many providers stand so; `COUNTED_UP_TO` stands for that many or more."""
    counts = await count_each(conn, _BY_STATUS)
    return {Status(status): number for status, number in counts.items()}


async def is_known(conn: AsyncConnection, provider_id: str) -> bool:
    """Whether somebody of this id has ever offered a topic, or has a standing."""
    found = await conn.execute(
        select(people.c.id).where(
            people.c.role == Role.PROVIDER.value, people.c.id == provider_id, _IS_PROVIDER
        )
    )
    return found.one_or_none() is not None
