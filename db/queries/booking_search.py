"""Searching and counting bookings, so that it takes no longer where there are many."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import bookings, conversations, people, topics
from domain.booking.state import State
from domain.party import Party, Role

COUNTED_UP_TO = 1000
"""Counting stops here: no reader needs to know it more exactly, and it takes a millisecond."""

_MATCHES_AT_MOST = 500
_IDS = (bookings.c.id, bookings.c.provider_id, bookings.c.client_id)


def seen_by(viewer: Party) -> ColumnElement[bool]:
    """The bookings that concern a viewer: their own, and to support all."""
    match viewer.role:
        case Role.PROVIDER:
            return bookings.c.provider_id == viewer.id
        case Role.CLIENT:
            return bookings.c.client_id == viewer.id
        case _:
            return true()


async def count_by_state(conn: AsyncConnection, viewer: Party) -> dict[State, int]:
    """How many bookings concern a viewer, by state; `COUNTED_UP_TO` stands for that many or more.

    Each state is counted in an index, up to the limit.
    """
    counts = []
    for state in State:
        some = select(literal(1)).where(seen_by(viewer), bookings.c.state == state.value)
        counted = some.limit(COUNTED_UP_TO).subquery()
        counts.append(
            select(literal(state.value).label("state"), func.count().label("number")).select_from(
                counted
            )
        )
    found = await conn.execute(union_all(*counts))
    return {State(row.state): row.number for row in found}


async def matching(conn: AsyncConnection, viewer: Party, q: str) -> ColumnElement[bool] | None:
    """A condition for the bookings that somebody looks for; None if there cannot be any.

    A provider looks for clients and topics, a client for providers and topics, support for both
    people, topics, and ids; somebody who was never in the portal support knows by the whole id
    alone. First it is found who and what is meant, of whom there are few, so that the bookings
    themselves are found in their indexes. Of more matches than a few hundred, only so many count.
    """
    meant: list[ColumnElement[bool]] = []
    for role in (Role.PROVIDER, Role.CLIENT):
        if viewer.role is not role:
            people_meant = list(await conn.scalars(_people(viewer, role, q)))
            if people_meant:
                meant.append(bookings.c[f"{role}_id"].in_(people_meant))
    topics_meant = list(await conn.scalars(_topics(viewer, q)))
    if topics_meant:
        meant.append(bookings.c.topic_id.in_(topics_meant))
    if viewer.role is Role.SUPPORT:
        meant += [column == q for column in _IDS]
    return or_(*meant) if meant else None


def _people(viewer: Party, role: Role, q: str) -> Select[tuple[str]]:
    """The people of a role whom the viewer has to do with and who are called so."""
    if viewer.role is Role.SUPPORT:
        # Each person once, and not each pair that ever talked, of which there are many more.
        called = or_(
            people.c.id.icontains(q, autoescape=True), people.c.name.icontains(q, autoescape=True)
        )
        everybody = select(people.c.id).where(people.c.role == role.value, called)
        return everybody.order_by(people.c.id).limit(_MATCHES_AT_MOST)
    own = conversations.c[f"{viewer.role.value}_id"]
    theirs = conversations.c[f"{role.value}_id"]
    known = people.alias()
    return (
        select(theirs)
        .outerjoin(known, and_(known.c.role == role.value, known.c.id == theirs))
        .where(
            own == viewer.id,
            or_(theirs.icontains(q, autoescape=True), known.c.name.icontains(q, autoescape=True)),
        )
        .group_by(theirs)
        .order_by(func.max(conversations.c.latest).desc())
        .limit(_MATCHES_AT_MOST)
    )


def _topics(viewer: Party, q: str) -> Select[tuple[str]]:
    statement = (
        select(topics.c.id)
        .where(topics.c.title.icontains(q, autoescape=True))
        .order_by(topics.c.id.desc())
        .limit(_MATCHES_AT_MOST)
    )
    match viewer.role:
        case Role.PROVIDER:
            return statement.where(topics.c.provider_id == viewer.id)
        case Role.CLIENT:
            booked = select(bookings.c.topic_id).where(bookings.c.client_id == viewer.id)
            return statement.where(topics.c.id.in_(booked))
        case _:
            return statement
