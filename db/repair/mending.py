"""Writing down again what a workflow says, where the record says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.errors import ExclusionViolation, ForeignKeyViolation
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.announcing import announced
from db.ids import new_id_as_of
from db.recording.transaction import transaction
from db.repair.comparing import Compared, compare, of_subject
from db.repair.differences import Difference, Kind
from db.repair.expected import Expected, ExpectedRow, Row
from db.schema import decisions, events, messages
from db.stores.conversations import note_message
from db.stores.topics import insert_topic
from domain.record import Subject

WITHIN = timedelta(seconds=30)
"""A mending is over by then; whoever records meanwhile waits for it, and tries again."""


class MovedOnError(Exception):
    """Something has changed since the two were compared: they have to be compared again."""


@dataclass(frozen=True, kw_only=True)
class Mended:
    """What came of mending: what is as it should be now, and what is not, each with the reason."""

    mended: tuple[Difference, ...] = ()
    left: tuple[Difference, ...] = ()
    why: str | None = None
    remark: str | None = None


async def mend(engine: AsyncEngine, expected: Expected, *, seen: Compared) -> Mended:
    """Makes the record say what the workflow says, whole or not at all.

    `seen` is how the two compared. What was recorded since, and what no recording is, a claim that
    was settled or somebody who was erased, goes first: raises MovedOnError. The row is locked, so
    that nothing is recorded in between, and what is recorded next finds the number that it follows
    on. Nobody is mailed again, and no webhook called: what is written anew is seen in the portal
    and in the feed.
    """
    try:
        async with transaction(engine, WITHIN) as conn:
            await _lock(conn, expected)
            found = await compare(conn, expected)
            if (found.recording, found.differences) != (seen.recording, seen.differences):
                raise MovedOnError
            if _is_deleted_booking(expected, found):
                await _bring_back_topic(conn, expected.head.values)
            for row, difference in found.rows:
                await _write(conn, expected, row, difference)
            for difference in found.differences:
                if difference.kind is Kind.SURPLUS:
                    await _take_away(conn, expected, difference)
    except IntegrityError as error:
        return Mended(left=found.differences, why=_why(error))
    left = tuple(each for each in found.differences if each.kind is Kind.FORGOTTEN)
    mended = tuple(each for each in found.differences if each not in left)
    return Mended(mended=mended, left=left, remark=_remark(expected, found))


async def _bring_back_topic(conn: AsyncConnection, booking: Row) -> None:
    """A booking cannot be written down without its topic, which may be younger than a copy too.

    As much of it as the booking knows. Its provider lists it again, or not.
    """
    await insert_topic(
        conn,
        topic_id=booking["topic_id"],
        provider_id=booking["provider_id"],
        title=booking["document"]["title"],
        description="",
        duration_minutes=booking["document"]["duration_minutes"],
        now=booking["created_at"],
        listed=False,
    )


async def _lock(conn: AsyncConnection, expected: Expected) -> None:
    table, key = expected.head.table, expected.head.key
    await conn.execute(
        select(table.c.recording)
        .where(*(table.c[name] == value for name, value in key.items()))
        .with_for_update()
    )


async def _write(
    conn: AsyncConnection, expected: Expected, row: ExpectedRow, difference: Difference
) -> None:
    table = row.table
    if difference.kind is Kind.DIFFERS:
        await conn.execute(
            update(table)
            .where(*_is(row, expected))
            .values({column: row.values[column] for column in difference.columns})
        )
        return
    values = {**row.key, **row.values, **row.besides}
    if table is messages:
        values |= await _in_its_conversation(conn, expected, values["at"])
    statement = insert(table).values(values)
    await conn.execute(announced(statement) if table is events else statement)


def _is(row: ExpectedRow, expected: Expected) -> list[Any]:
    table = row.table
    conditions = [
        # The number of an event that has none is not compared by value.
        table.c[name].is_not_distinct_from(value)
        for name, value in row.key.items()
    ]
    if table in (decisions, events):
        conditions.append(of_subject(table, expected))
    return conditions


async def _in_its_conversation(
    conn: AsyncConnection, expected: Expected, at: datetime
) -> dict[str, Any]:
    """Where a card goes that is written anew: among the messages of its own time."""
    message_id = new_id_as_of(at)
    head = expected.head.values
    conversation_id = await note_message(
        conn,
        provider_id=head["provider_id"],
        client_id=head["client_id"],
        message_id=message_id,
        at=at,
    )
    return {"id": message_id, "conversation_id": conversation_id}


async def _take_away(conn: AsyncConnection, expected: Expected, surplus: Difference) -> None:
    table = decisions if surplus.table == decisions.name else events
    last = expected.lines if table is decisions else expected.events
    await conn.execute(delete(table).where(of_subject(table, expected), table.c.seq > last))


def _why(error: IntegrityError) -> str:
    match error.orig:
        case ExclusionViolation():
            return (
                "another session of the provider has been confirmed at that time: support has to"
                " move or cancel one of the two"
            )
        case ForeignKeyViolation():
            return f"something that it belongs to is gone: {error.orig.diag.message_detail}"
        case other:
            return str(other).splitlines()[0]


def _remark(expected: Expected, found: Compared) -> str | None:
    if _is_deleted_booking(expected, found):
        return (
            "the link, the materials and the note of the two were in the deleted row alone: they"
            " are lost; so is its topic's description, if the topic was gone: it is back, unlisted"
        )
    return None


def _is_deleted_booking(expected: Expected, found: Compared) -> bool:
    return found.head is None and expected.subject is Subject.BOOKING
