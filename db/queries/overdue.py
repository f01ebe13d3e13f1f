"""The notices that should have been tried by now, and who may be delivering them all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.ledger import owed_of
from db.schema import events, notices
from domain.notices.ledger import LONGEST_WAIT, OVERDUE_AFTER, Channel, NoticeState, Owed
from domain.record import Subject

_before = notices.alias("before")
_event = events.alias("event")
_event_before = events.alias("event_before")

# When there should have been an attempt. What is owed once more goes by its last attempt too, and
# may be expected an hour late: nothing says since when it is owed again.
_EXPECTED_BY = func.coalesce(notices.c.attempted_at + LONGEST_WAIT, notices.c.created_at)

_OVERDUE = (
    select(
        notices,
        _event.c.subject,
        _event.c.subject_id,
        _before.c.id.label("before_id"),
        _event_before.c.subject.label("before_subject"),
        _event_before.c.subject_id.label("before_subject_id"),
    )
    .outerjoin(_event, _event.c.id == notices.c.event_id)
    .outerjoin(
        _before,
        and_(
            notices.c.source.startswith("webhook/"),
            _before.c.id == func.split_part(notices.c.source, "/", 3),
        ),
    )
    .outerjoin(_event_before, _event_before.c.id == _before.c.event_id)
    # Said in these words, it is found in the index of what is owed.
    .where(notices.c.state == literal_column(f"'{NoticeState.OWED}'"))
)


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """A notice that is owed, and that nobody has tried to deliver for longer than they may wait.

    `decided_by` names the subjects from whose decisions it may follow: their workflows deliver it.
    `follows_from` is the delivery that led to it, where one did: whoever makes that one makes both.
    `booking_id` is left out where it cannot lose its point.
    """

    owed: Owed
    since: datetime
    booking_id: str | None
    decided_by: tuple[tuple[Subject, str], ...]
    follows_from: str | None


async def overdue_notices(
    conn: AsyncConnection, now: datetime, *, limit: int, after: str = ""
) -> list[Overdue]:
    """The notices that are overdue, in the order of their ids, from after one on."""
    return [_overdue(row) for row in await conn.execute(statement(now, limit=limit, after=after))]


def statement(now: datetime, *, limit: int, after: str = "") -> Select[Any]:
    """What `overdue_notices` asks; apart from it, so that its plan can be looked at."""
    return (
        _OVERDUE.where(notices.c.id > after, now - OVERDUE_AFTER > _EXPECTED_BY)
        .order_by(notices.c.id)
        .limit(limit)
    )


async def state_of(conn: AsyncConnection, notice_id: str) -> NoticeState | None:
    """Where a notice stands; None if there is none of this id."""
    found = await conn.scalar(select(notices.c.state).where(notices.c.id == notice_id))
    return None if found is None else NoticeState(found)


def _overdue(row: Row[Any]) -> Overdue:
    owed = owed_of(row)
    return Overdue(
        owed=owed,
        since=row.created_at,
        booking_id=None if owed.channel is Channel.WEBHOOK else row.booking_id,
        decided_by=tuple(_decided_by(row)),
        follows_from=row.before_id,
    )


def _decided_by(row: Row[Any]) -> Iterator[tuple[Subject, str]]:
    named, subject_id, *_ = f"{row.source}/".split("/")
    for subject, its_id in (
        (named, subject_id),
        (row.subject, row.subject_id),
        (row.before_subject, row.before_subject_id),
    ):
        if subject in set(Subject):
            yield Subject(subject), its_id
