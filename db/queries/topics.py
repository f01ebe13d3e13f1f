"""Topics as people find them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.personal.pseudonym import is_pseudonym
from db.queries.pieces import holds, planned_by_value
from db.schema import standings, topics
from domain.party import Party, Role


class TopicStatus(StrEnum):
    """Whether a topic takes new requests, and if not, by whose will."""

    LISTED = "listed"
    PAUSED = "paused"
    SUSPENDED = "suspended"


@dataclass(frozen=True, kw_only=True)
class TopicRow:
    """A topic. `status` takes its provider's standing into account; `listed` is their own wish."""

    id: str
    provider_id: str
    title: str
    description: str
    duration_minutes: int
    listed: bool
    status: TopicStatus
    created_at: datetime
    updated_at: datetime

    @property
    def is_nobodys(self) -> bool:
        """Whether its provider was erased: there is nobody who could give a session on it."""
        return is_pseudonym(self.provider_id)


_SUSPENDED = standings.c.suspended.is_(True)
_STATUS = case(
    (_SUSPENDED, TopicStatus.SUSPENDED.value),
    (topics.c.listed, TopicStatus.LISTED.value),
    else_=TopicStatus.PAUSED.value,
)


async def get_topic(conn: AsyncConnection, topic_id: str) -> TopicRow | None:
    """One topic, whatever its status; None if there is none of this id."""
    found = (await conn.execute(_ONE, {"topic_id": topic_id})).one_or_none()
    return _row(found) if found else None


async def offers_anything(conn: AsyncConnection, provider_id: str) -> bool:
    """Whether there is a provider of this id who has a topic, whatever its status."""
    theirs = exists().where(topics.c.provider_id == provider_id)
    return bool((await conn.execute(select(theirs))).scalar_one())


async def list_topics(
    conn: AsyncConnection,
    *,
    viewer: Party,
    provider_id: str | None = None,
    q: str | None = None,
    limit: int,
    after: str | None = None,
) -> list[TopicRow]:
    """The newest topics that are listed, with a provider's own among them whatever their status.

    `q` is looked for in title and description, in any case of letters. The page begins after the
    topic `after`.
    """
    visible: ColumnElement[bool] = and_(topics.c.listed, _SUSPENDED.is_not(True))
    if viewer.role is Role.PROVIDER:
        visible = or_(visible, topics.c.provider_id == viewer.id)
    statement = read_topics().where(visible).order_by(topics.c.id.desc()).limit(limit)
    if provider_id is not None:
        statement = statement.where(topics.c.provider_id == provider_id)
    if q:
        await planned_by_value(conn)
        statement = statement.where(holds(topics, q, topics.c.title, topics.c.description))
    if after is not None:
        statement = statement.where(topics.c.id < after)
    return [_row(row) for row in await conn.execute(statement)]


def read_topics() -> Select[Any]:
    """Asks for topics with their status; which ones is the caller's to say."""
    told = (column for column in topics.c if column is not topics.c.pieces)
    return select(*told, _STATUS.label("status")).outerjoin_from(
        topics, standings, standings.c.provider_id == topics.c.provider_id
    )


# Built once: to build a statement takes longer than to run it.
_ONE = read_topics().where(topics.c.id == bindparam("topic_id"))


def _row(row: Any) -> TopicRow:
    return TopicRow(**{**row._mapping, "status": TopicStatus(row.status)})
