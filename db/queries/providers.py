"""Providers as support looks them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import people, standings, topics
from domain.party import Role
from domain.standing.state import Status


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

    Whoever has ever offered a topic or has a standing is one. `q` is looked for in ids and names,
    in any case of letters.
    """
    found = await conn.execute(list_statement(status=status, q=q, limit=limit, after=after))
    return [
        ProviderRow(
            provider_id=row.provider_id,
            status=Status(row.status or Status.GOOD),
            topics=row.topics,
        )
        for row in found
    ]


def list_statement(
    *, status: Status | None = None, q: str = "", limit: int, after: str | None = None
) -> Select[Any]:
    """What `list_providers` asks; apart from it, so that its plan can be looked at."""
    # Both tables have an index in the order of providers, of which no more is read than is shown.
    stands_so = standings.c.status == status.value if status else None
    sources = [_first(standings.c.provider_id, stands_so, q, limit, after)]
    if status in (None, Status.GOOD):
        # Who offers something and has no standing is in good standing.
        good = ~_stands_otherwise(topics.c.provider_id) if status else None
        sources.append(_first(topics.c.provider_id, good, q, limit, after))
    known = union(*sources).subquery()
    offered = (
        select(func.count()).where(topics.c.provider_id == known.c.provider_id).scalar_subquery()
    )
    return (
        select(known.c.provider_id, standings.c.status, offered.label("topics"))
        .outerjoin_from(known, standings, standings.c.provider_id == known.c.provider_id)
        .order_by(known.c.provider_id)
        .limit(limit)
    )


async def count_by_status(conn: AsyncConnection) -> dict[Status, int]:
    """How many providers stand so, of those of whom anything late was ever known."""
    found = await conn.execute(
        select(standings.c.status, func.count()).group_by(standings.c.status)
    )
    return {Status(status): number for status, number in found}


async def is_known(conn: AsyncConnection, provider_id: str) -> bool:
    """Whether somebody of this id has ever offered a topic, or has a standing."""
    offers = select(topics.c.id).where(topics.c.provider_id == provider_id).exists()
    stands = select(standings.c.status).where(standings.c.provider_id == provider_id).exists()
    return bool((await conn.execute(select(or_(offers, stands)))).scalar_one())


def _stands_otherwise(provider_id: ColumnElement[str]) -> ColumnElement[bool]:
    stands = standings.alias("stands")
    return (
        select(stands.c.status)
        .where(stands.c.provider_id == provider_id, stands.c.status != Status.GOOD.value)
        .exists()
    )


def _first(
    provider_id: ColumnElement[str],
    among: ColumnElement[bool] | None,
    q: str,
    limit: int,
    after: str | None,
) -> Select[Any]:
    """The first of those whom a column of ids knows and who match everything given."""
    statement = select(provider_id.label("provider_id")).distinct()
    if among is not None:
        statement = statement.where(among)
    if q:
        called = people.alias("called")
        statement = statement.outerjoin(
            called, and_(called.c.role == Role.PROVIDER.value, called.c.id == provider_id)
        ).where(
            or_(
                provider_id.icontains(q, autoescape=True),
                called.c.name.icontains(q, autoescape=True),
            )
        )
    if after is not None:
        statement = statement.where(provider_id > after)
    first = statement.order_by(provider_id).limit(limit).subquery()
    return select(first.c.provider_id)
