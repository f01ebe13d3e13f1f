"""Whatever is under way while a person is erased goes too, or waits, or keeps them from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from sqlalchemy import Table, Text, cast, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import schema as at
from db.ids import new_id
from db.personal.erasing import Erased, OpenBookingsError, erase
from db.queries.bookings import Intent
from db.queries.contacts import Source
from db.queries.feed import read_feed
from db.stores.allowances import spend
from db.stores.calendars import open_calendar
from db.stores.contacts import hold_person, keep_address, keep_zone
from db.stores.conversations import find_or_create, mark_read, post_message
from db.stores.idempotency import claim, finish
from db.stores.intents import insert_intent
from db.stores.people import note_person
from db.stores.webhooks import delete_webhook
from domain.booking import commands as do
from domain.booking.state import Initiator
from domain.party import A_BOOKING, Party, Role
from domain.standing import commands as of_standing
from tests.db.endpoints import endpoint
from tests.db.player import NOW, SUPPORT, claim_about, in_days, new_topic, requested, untouched

PROVIDER = Party(role=Role.PROVIDER, id="ada-7f3a")
CLIENT = Party(role=Role.CLIENT, id="carl-5b1c")

T = TypeVar("T")
Held = tuple[Table, dict[str, Any]]
"""A row, by its table and what tells it from the others."""

_THE_PROVIDER: Held = (at.people, {"role": "provider", "id": PROVIDER.id})
"""A recording of a standing comes to this row, and then to the booking."""


async def _tables_naming(engine: AsyncEngine, person: Party) -> set[str]:
    found = set()
    async with engine.connect() as conn:
        for name, table in at.metadata.tables.items():
            rows = await conn.scalars(select(cast(func.to_jsonb(table.table_valued()), Text)))
            if any(person.id in row for row in rows):
                found.add(name)
    return found


async def _waiting(engine: AsyncEngine, count: int = 1) -> None:
    """Returns once so many wait for what somebody else has locked."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with engine.connect() as conn, asyncio.timeout(60):
        while await conn.scalar(waiting) < count:
            await conn.rollback()
            await asyncio.sleep(0.02)


async def _hold(conn: AsyncConnection, table: Table, **row: Any) -> None:
    """Locks a row until the transaction ends: whoever comes to it waits there."""
    its = [table.c[name] == value for name, value in row.items()]
    found = await conn.execute(select(table).where(*its).with_for_update())
    assert found.all()


async def _queued(
    engine: AsyncEngine,
    first: Coroutine[Any, Any, T],
    then: Coroutine[Any, Any, Erased],
    held: Held,
) -> T:
    """Has two come to a row that is held, one behind the other; what the first has come to."""
    table, row = held
    async with engine.begin() as conn:
        await _hold(conn, table, **row)
        one = asyncio.create_task(first)
        await _waiting(engine)
        other = asyncio.create_task(then)
        await _waiting(engine, 2)
    found, _ = await asyncio.gather(one, other)
    return found


@asynccontextmanager
async def _nearly_erased(engine: AsyncEngine, person: Party) -> AsyncIterator[asyncio.Task[Erased]]:
    """An erasure that has come to the very last table; it goes on when the block ends."""
    async with engine.begin() as conn:
        await open_calendar(conn, person, token_hash="hash", now=NOW)
    async with engine.begin() as conn:
        await _hold(conn, at.calendar_feeds, role=person.role.value, person_id=person.id)
        erasing = asyncio.create_task(erase(engine, person))
        await _waiting(engine)
        yield erasing


async def _talk(engine: AsyncEngine) -> str:
    async with engine.begin() as conn:
        talk = await find_or_create(conn, provider_id=PROVIDER.id, client_id=CLIENT.id, now=NOW)
        assert await spend(conn, CLIENT, now=NOW) is None
        await post_message(conn, conversation_id=talk, author=CLIENT, text="Hello.", at=NOW)
    return talk


async def test_a_claim_that_is_settled_meanwhile(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(3), provider_id=PROVIDER.id, client_id=CLIENT.id)
    await played.give(do.Confirm(start=in_days(3)), PROVIDER)
    await played.give(do.Cancel(reason="Ill.", initiated_by=Initiator.PROVIDER), CLIENT)
    standing = untouched(engine, PROVIDER.id)
    claim = claim_about(played)
    await standing.give(claim, A_BOOKING)
    settle = of_standing.SettleClaim(claim_id=claim.id, uphold=True, note="So it was.")
    await _queued(engine, standing.give(settle, SUPPORT), erase(engine, PROVIDER), _THE_PROVIDER)
    assert await _tables_naming(engine, PROVIDER) == set()


async def test_a_standing_that_is_decided_on_meanwhile(engine: AsyncEngine) -> None:
    standing = untouched(engine, PROVIDER.id)
    await standing.give(of_standing.Suspend(reason="Wombats."), SUPPORT)
    reinstate = of_standing.Reinstate(reason=f"No wombats of {PROVIDER.id}.")
    await _queued(engine, standing.give(reinstate, SUPPORT), erase(engine, PROVIDER), _THE_PROVIDER)
    assert await _tables_naming(engine, PROVIDER) == set()


async def test_a_message_of_somebody_who_has_said_something_before(engine: AsyncEngine) -> None:
    talk = await _talk(engine)
    async with engine.begin() as conn:
        assert await spend(conn, CLIENT, now=NOW) is None
        erasing = asyncio.create_task(erase(engine, CLIENT))
        await _waiting(engine)
        await post_message(conn, conversation_id=talk, author=CLIENT, text="Heffalump", at=NOW)
    await erasing
    assert await _tables_naming(engine, CLIENT) == set()


async def test_what_is_read_meanwhile(engine: AsyncEngine) -> None:
    talk = await _talk(engine)

    async def read() -> None:
        async with engine.begin() as conn:
            await mark_read(conn, conversation_id=talk, reader=PROVIDER, up_to=new_id())

    async with _nearly_erased(engine, PROVIDER) as erasing:
        reading = asyncio.create_task(read())
        await _waiting(engine, 2)
    await asyncio.gather(erasing, reading)
    assert await _tables_naming(engine, PROVIDER) == set()


async def test_how_somebody_is_told_that_is_changed_meanwhile(engine: AsyncEngine) -> None:
    async with engine.begin() as conn:
        await note_person(conn, CLIENT, name="Karlheinz", zone="Europe/Berlin")
        await keep_address(conn, CLIENT, "karl@example.org", Source.PERSON)
    async with engine.begin() as conn:
        await hold_person(conn, CLIENT)
        await keep_address(conn, CLIENT, "heinz@example.org", Source.PERSON)
        erasing = asyncio.create_task(erase(engine, CLIENT))
        await _waiting(engine)
        await keep_zone(conn, CLIENT, "Asia/Tokyo")
    await erasing
    assert await _tables_naming(engine, CLIENT) == set()


async def test_an_endpoint_that_is_deleted_meanwhile(engine: AsyncEngine) -> None:
    webhook_id = await endpoint(engine, owner=PROVIDER)
    answer = {"id": webhook_id, "secret": "s"}
    notice = {"id": "n", "kind": "case.opened", "channel": "webhook", "state": "owed"}
    about = {"recipient_role": "provider", "recipient_id": PROVIDER.id, "due_at": NOW}
    async with engine.begin() as conn:
        its = {"webhook_id": webhook_id, "source": "s"}
        await conn.execute(insert(at.notices).values(**notice, **about, **its))
        await claim(conn, owner=PROVIDER, key="k", fingerprint="f", subject_id=webhook_id)
        await finish(conn, owner=PROVIDER, key="k", status=201, body=answer)

    async def delete() -> None:
        async with engine.begin() as conn:
            assert await delete_webhook(conn, webhook_id, now=NOW)

    await _queued(engine, delete(), erase(engine, PROVIDER), (at.notices, {"id": "n"}))
    assert await _tables_naming(engine, PROVIDER) == set()


@pytest.mark.parametrize("person", [PROVIDER, CLIENT], ids=str)
async def test_a_request_that_is_recorded_meanwhile(engine: AsyncEngine, person: Party) -> None:
    async with engine.connect() as conn:
        # The first card of the pair waits for whoever begins their conversation too.
        pair = {"provider_id": PROVIDER.id, "client_id": CLIENT.id}
        new = {"id": "talk", "created_at": NOW, "latest": "talk"}
        await conn.execute(insert(at.conversations).values(**pair, **new))
        requesting = asyncio.create_task(
            requested(engine, provider_id=PROVIDER.id, client_id=CLIENT.id)
        )
        await _waiting(engine)
        erasing = asyncio.create_task(erase(engine, person))
        await _waiting(engine, 2)
        await conn.rollback()
    played = await requesting
    with pytest.raises(OpenBookingsError) as refused:
        await erasing
    assert refused.value.bookings == (played.booking.id,)


def _intent(topic_id: str) -> Intent:
    return Intent(
        booking_id=new_id(),
        provider_id=PROVIDER.id,
        client_id=CLIENT.id,
        topic_id=topic_id,
        created_at=NOW,
    )


async def test_a_request_that_is_made_of_a_provider_meanwhile(engine: AsyncEngine) -> None:
    topic_id = await new_topic(engine, PROVIDER.id)

    async def ask() -> bool:
        async with engine.begin() as conn:
            return await insert_intent(conn, _intent(topic_id))

    async with _nearly_erased(engine, PROVIDER) as erasing:
        asking = asyncio.create_task(ask())
        await _waiting(engine, 2)
    await erasing
    assert not await asking
    assert await _tables_naming(engine, PROVIDER) == set()


async def test_a_request_that_a_client_makes_meanwhile(engine: AsyncEngine) -> None:
    await _talk(engine)
    async with engine.begin() as conn:
        await _hold(conn, at.conversations, client_id=CLIENT.id)
        erasing = asyncio.create_task(erase(engine, CLIENT))
        await _waiting(engine)
        requesting = asyncio.create_task(
            requested(engine, provider_id="another", client_id=CLIENT.id)
        )
        await _waiting(engine, 2)
    await erasing
    played = await requesting
    async with engine.connect() as conn:
        row = (await conn.execute(select(at.bookings))).one()
    assert row.client_id == row.document["client_id"] == CLIENT.id
    await played.give(do.Decline(reason="No."), played.provider)


async def test_events_that_are_given_their_place_meanwhile(engine: AsyncEngine) -> None:
    standing = untouched(engine, PROVIDER.id)
    await standing.give(of_standing.Suspend(reason="Wombats."), SUPPORT)
    await standing.give(of_standing.Reinstate(reason="No wombats."), SUPPORT)
    async with engine.begin() as conn:
        ids = list(await conn.scalars(select(at.events.c.id).order_by(at.events.c.id)))
        # What is changed lies behind what is not: the first comes last, where nobody asks for it.
        first = update(at.events).where(at.events.c.id == ids[0])
        await conn.execute(first.values(type=at.events.c.type))
    held = (at.events, {"id": ids[0]})
    read = await _queued(engine, read_feed(engine, limit=10), erase(engine, PROVIDER), held)
    assert len(read) == 2
    assert await _tables_naming(engine, PROVIDER) == set()


async def test_two_who_are_erased_at_once(engine: AsyncEngine) -> None:
    await _talk(engine)
    standing = untouched(engine, PROVIDER.id)
    await standing.give(of_standing.Suspend(reason="Wombats."), SUPPORT)
    async with engine.begin() as conn:
        owed = {"id": "n", "kind": "topics.suspended", "channel": "webhook", "state": "owed"}
        theirs = {"recipient_role": "support", "recipient_id": SUPPORT.id}
        about = {"provider_id": PROVIDER.id, "due_at": NOW, "source": "s"}
        await conn.execute(insert(at.notices).values(**owed, **theirs, **about))
    held = (at.messages, {"author_id": CLIENT.id})
    await _queued(engine, erase(engine, PROVIDER), erase(engine, SUPPORT), held)
    assert await _tables_naming(engine, PROVIDER) == set()
    assert await _tables_naming(engine, SUPPORT) == set()
