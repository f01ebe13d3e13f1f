"""Taking a person out of the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.ledger import is_for
from db.personal.columns import TABLES, Personal
from db.personal.concerns import OWN_KEYS
from db.personal.pseudonym import new_pseudonym
from db.personal.rules import Erasure
from db.schema import (
    booking_intents,
    bookings,
    conversations,
    idempotency_keys,
    message_allowances,
    notices,
    people,
    standings,
    topics,
    webhooks,
)
from db.stores.contacts import hold_person
from db.stores.intents import await_requests_of
from domain.booking.state import OPEN
from domain.notices.ledger import NoticeState
from domain.party import Party, Role

_ONE_AT_A_TIME = 0x65726173  # "eras"

GONE = "The person was erased."
"""Why a notice was skipped that was still owed to somebody when they were erased."""


class OpenBookingsError(Exception):
    """A person has promised something, or was promised something, that is still open."""

    def __init__(self, bookings: tuple[str, ...]) -> None:
        super().__init__(", ".join(bookings))
        self.bookings = bookings


@dataclass(frozen=True, kw_only=True)
class Erased:
    """How many rows were changed or deleted, by table; `pseudonym` if anything was there."""

    pseudonym: str | None
    rows: dict[str, int]


async def erase(engine: AsyncEngine, person: Party) -> Erased:
    """Takes a person out of every table, whole or not at all. Doing it again finds nothing.

    Their id becomes a pseudonym, the same everywhere, so that the record stays consistent: who
    decided what, and what counts against whom. What they wrote, and what was written in their
    bookings, goes. Raises OpenBookingsError.
    """
    async with engine.begin() as conn:
        # Each may be named in what is another's: they would come to the same rows in other orders.
        await conn.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
        await hold_person(conn, person)
        await _await_what_is_being_asked(conn, person)
        await _await_what_is_decided_of(conn, person)
        erasure = await theirs(conn, person)
        await _require_all_closed(conn, erasure)
        await _await_what_is_being_said(conn, erasure)
        rows: dict[str, int] = {}
        await _call_no_webhook_of(conn, person)
        await _owe_nothing_to(conn, person)
        deleted = await conn.execute(delete(idempotency_keys).where(OWN_KEYS(erasure)))
        for personal in TABLES:
            rows[personal.table.name] = await _erase_from(conn, personal, erasure)
        rows[idempotency_keys.name] += deleted.rowcount
    found = {name: count for name, count in rows.items() if count}
    return Erased(pseudonym=erasure.pseudonym if found else None, rows=found)


async def theirs(conn: AsyncConnection, person: Party) -> Erasure:
    """What is a person's own: their name, their bookings and their conversations."""
    column = f"{person.role.value}_id"
    found: dict[str, tuple[str, ...]] = {}
    for table in (bookings, conversations):
        ids: Select[tuple[str]] = select(table.c.id)
        if column in table.c:
            found[table.name] = tuple(
                await conn.scalars(ids.where(table.c[column] == person.id).order_by(table.c.id))
            )
    name = await conn.scalar(
        select(people.c.name).where(people.c.role == person.role.value, people.c.id == person.id)
    )
    return Erasure(
        person=person,
        pseudonym=new_pseudonym(),
        name=name,
        bookings=found.get(bookings.name, ()),
        conversations=found.get(conversations.name, ()),
    )


async def _await_what_is_being_asked(conn: AsyncConnection, person: Party) -> None:
    """Locks their topics and their requests, as each booking does that begins: none is overlooked.

    What was asked by then is either recorded, and open, or finds that nobody has asked for it.
    """
    await await_requests_of(conn, person)
    column = f"{person.role.value}_id"
    for table in (topics, booking_intents):
        if column in table.c:
            key = table.primary_key
            its = select(*key).where(table.c[column] == person.id)
            await conn.execute(its.order_by(*key).with_for_update())


async def _await_what_is_decided_of(conn: AsyncConnection, person: Party) -> None:
    """Locks their standing before their bookings, as the settling of a claim does."""
    if person.role is Role.PROVIDER:
        its = select(standings.c.recording).where(standings.c.provider_id == person.id)
        await conn.execute(its.with_for_update())


async def _require_all_closed(conn: AsyncConnection, erasure: Erasure) -> None:
    states = [state.value for state in OPEN]
    # Locked, so that none of them is decided on while they are rewritten.
    locked = await conn.execute(
        select(bookings.c.id, bookings.c.state)
        .where(bookings.c.id.in_(erasure.bookings))
        .order_by(bookings.c.id)
        .with_for_update()
    )
    still_open = tuple(row.id for row in locked if row.state in states)
    if still_open:
        raise OpenBookingsError(still_open)


async def _await_what_is_being_said(conn: AsyncConnection, erasure: Erasure) -> None:
    """Locks what each message of theirs does, in its order: none is left out that just came."""
    person = erasure.person
    await conn.execute(
        select(message_allowances.c.spent_until)
        .where(
            message_allowances.c.role == person.role.value,
            message_allowances.c.person_id == person.id,
        )
        .with_for_update()
    )
    await conn.execute(
        select(conversations.c.id)
        .where(conversations.c.id.in_(erasure.conversations))
        .order_by(conversations.c.id)
        .with_for_update()
    )


async def _call_no_webhook_of(conn: AsyncConnection, person: Party) -> None:
    await conn.execute(
        update(webhooks)
        .where(
            webhooks.c.owner_role == person.role.value,
            webhooks.c.owner_id == person.id,
            webhooks.c.deleted_at.is_(None),
        )
        .values(deleted_at=func.now(), secret="", old_secrets=[])
    )


async def _owe_nothing_to(conn: AsyncConnection, person: Party) -> None:
    """Ends what they are owed: whoever delivers it is told so at the next attempt, and ends too."""
    await conn.execute(
        update(notices)
        .where(is_for(person), notices.c.state == NoticeState.OWED)
        .values(state=NoticeState.SKIPPED, reason=GONE, ended_at=func.now())
    )


async def _erase_from(conn: AsyncConnection, personal: Personal, erasure: Erasure) -> int:
    table, concerns = personal.table, personal.concerns(erasure)
    if personal.goes:
        return (await conn.execute(delete(table).where(concerns))).rowcount
    columns = [table.c[name] for name in personal.columns]
    # In this order others come to several of them too, such as who gives events their place.
    found = select(*columns).where(concerns).order_by(*table.primary_key).with_for_update()
    changed = 0
    for row in (await conn.execute(found)).all():
        there: dict[str, Any] = dict(row._mapping)
        rewritten = {
            name: rule(there[name], there, erasure) for name, rule in personal.columns.items()
        }
        different = {name: value for name, value in rewritten.items() if value != there[name]}
        if different:
            key = [column == there[column.name] for column in table.primary_key]
            await conn.execute(update(table).where(*key).values(different))
            changed += 1
    return changed
