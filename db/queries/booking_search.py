"""Searching and counting bookings, so that it takes no longer where there are many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.counting import count_each, statement_of_counts
from db.queries.pieces import holds, planned_by_value
from db.schema import bookings, conversations, people, topics
from domain.booking.state import State
from domain.party import Party, Role

_MATCHES_AT_MOST = 300

# Made once: another name for a table has all its columns anew.
_BY = {
    column: bookings.alias(f"by_{column}")
    for column in ("provider_id", "client_id", "topic_id", "id")
}


@dataclass(frozen=True, kw_only=True)
class Meant:
    """Whom and what somebody looks for: the bookings of any of these are found."""

    provider_ids: list[str]
    client_ids: list[str]
    topic_ids: list[str]
    booking_ids: list[str]

    @property
    def is_anything(self) -> bool:
        """Whether there can be any booking of the kind."""
        return any(self._ids().values())

    def among_few(self) -> ColumnElement[bool]:
        """A condition for bookings that are read one by one."""
        return or_(*(bookings.c[column].in_(ids) for column, ids in self._ids().items() if ids))

    def newest(
        self, narrowed: Callable[..., Iterator[ColumnElement[bool]]], limit: int
    ) -> ColumnElement[bool]:
        """A condition for the newest bookings meant, so many and no more, among however many.

        The newest of each one meant are read from an index that has them in order: of a few
        hundred, what matches and what does not is as quickly found. `narrowed(table, *known)` gives
        what else is asked of a booking, but for the columns that are known to be right.
        """
        each: list[Select[Any]] = []
        for column, ids in self._ids().items():
            if not ids:
                continue
            wanted = func.unnest(cast(ids, ARRAY(Text))).table_valued("id").render_derived(column)
            theirs = _BY[column]
            # A topic is of one provider; if that were asked too, few would be reckoned with.
            known = ("provider_id",) if column == "topic_id" else ()
            newest = (
                select(theirs.c.id)
                .where(theirs.c[column] == wanted.c.id, *narrowed(theirs, *known))
                .order_by(theirs.c.id.desc())
                .limit(limit)
                .lateral(f"newest_by_{column}")
            )
            each.append(
                # So many are enough of each kind: to sort out whatever is meant twice takes longer
                # than to find it.
                select(newest.c.id)
                .select_from(wanted.join(newest, true()))
                .order_by(newest.c.id.desc())
                .limit(limit)
            )
        # A booking may be meant for its client and for its topic.
        found = union(*each).subquery("meant")
        return bookings.c.id.in_(select(found.c.id).order_by(found.c.id.desc()).limit(limit))

    def _ids(self) -> dict[str, list[str]]:
        return {
            "provider_id": self.provider_ids,
            "client_id": self.client_ids,
            "topic_id": self.topic_ids,
            "id": self.booking_ids,
        }


_OWN = {
    role: statement_of_counts(bookings.c.state, State, column == bindparam("viewer_id"))
    for role, column in (
        (Role.PROVIDER, bookings.c.provider_id),
        (Role.CLIENT, bookings.c.client_id),
    )
}
_ALL = statement_of_counts(bookings.c.state, State)


async def count_by_state(conn: AsyncConnection, viewer: Party) -> dict[State, int]:
    """How many bookings concern a viewer, by state, each counted up to `COUNTED_UP_TO`.

    Those are their own, and to support all.
    """
    if viewer.role in _OWN:
        counts = await count_each(conn, _OWN[viewer.role], viewer_id=viewer.id)
    else:
        counts = await count_each(conn, _ALL)
    return {State(state): number for state, number in counts.items()}


async def matching(conn: AsyncConnection, viewer: Party, q: str) -> Meant:
    """Whom and what somebody means who looks for bookings.

    A provider looks for clients and topics, a client for providers and topics, support for both
    people, topics, and a booking's whole id. First it is found who and what is meant, of whom there
    are few, so that the bookings themselves are found in their indexes. Of more matches than a few
    hundred, only so many count.
    """
    await planned_by_value(conn)
    found = {
        role: list(await conn.scalars(people_statement(viewer, role, q)))
        for role in (Role.PROVIDER, Role.CLIENT)
        if viewer.role is not role
    }
    return Meant(
        provider_ids=found.get(Role.PROVIDER, []),
        client_ids=found.get(Role.CLIENT, []),
        topic_ids=list(await conn.scalars(topics_statement(viewer, q))),
        booking_ids=[q] if viewer.role is Role.SUPPORT else [],
    )


def people_statement(viewer: Party, role: Role, q: str) -> Select[Any]:
    """The people of a role whom the viewer has to do with and who are called so."""
    called = select(people.c.id).where(
        people.c.role == role.value, holds(people, q, people.c.id, people.c.name)
    )
    if viewer.role is Role.SUPPORT:
        return called.order_by(people.c.id).limit(_MATCHES_AT_MOST)
    talks = conversations.c
    return (
        called.join(conversations, talks[f"{role.value}_id"] == people.c.id)
        .where(talks[f"{viewer.role.value}_id"] == viewer.id)
        .order_by(talks.latest.desc())
        .limit(_MATCHES_AT_MOST)
    )


def topics_statement(viewer: Party, q: str) -> Select[Any]:
    """The topics that the viewer has to do with and that are called so."""
    # Of one's own there are few, which are looked at one by one.
    called = (
        select(topics.c.id)
        .where(topics.c.title.icontains(q, autoescape=True))
        .order_by(topics.c.id.desc())
        .limit(_MATCHES_AT_MOST)
    )
    match viewer.role:
        case Role.PROVIDER:
            return called.where(topics.c.provider_id == viewer.id)
        case Role.CLIENT:
            booked = select(bookings.c.topic_id).where(bookings.c.client_id == viewer.id)
            return called.where(topics.c.id.in_(booked))
        case _:
            return called.where(holds(topics, q, topics.c.title))
