"""A person is shown all that is on record about them, and can be taken out of it everywhere."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Text, cast, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db import schema as at
from db.personal.columns import TABLES
from db.personal.erasing import OpenBookingsError, erase
from db.personal.exporting import export
from db.personal.pseudonym import is_pseudonym
from db.personal.rules import ERASED, nothing
from db.stores.conversations import find_or_create, post_message
from db.stores.people import note_person
from domain.booking import commands as do
from domain.booking.state import Initiator
from domain.lateness import LateKind
from domain.party import Party, Role
from domain.refusal import Code
from domain.standing import commands as of_standing
from domain.standing.state import Document
from tests.db.player import NOW, SUPPORT, in_days, line, new_topic, requested, untouched

PROVIDER, CLIENT = "ada-7f3a", "carl-5b1c"
NAMES = {Role.PROVIDER: "Adelheid Quast", Role.CLIENT: "Karlheinz Wobbe"}
WRITTEN = "Wombat"
"""Stands in everything that anybody writes here."""


async def _fill(engine: AsyncEngine) -> str:
    """Two people, and something in every table that can hold something about one of them."""
    topic_id = await new_topic(engine, PROVIDER, title=f"{WRITTEN} lore")
    played = await requested(
        engine, in_days(3), provider_id=PROVIDER, client_id=CLIENT, topic_id=topic_id
    )
    await played.give(do.Confirm(start=in_days(3)), played.provider)
    refused = replace(
        line(played.next_line, f"call-{PROVIDER}", played.client, refused=Code.UNKNOWN_COMMAND),
        text=f"{WRITTEN} {CLIENT}",
        data={"errors": [f"reason: {WRITTEN}"]},
    )
    played.refused += 1
    await played._send(played.next_record((), (refused,)))
    await played.give(
        do.ProposeReschedule(starts=(in_days(5),), reason=f"{WRITTEN} is ill."), played.provider
    )
    cancel = do.Cancel(reason=f"{WRITTEN} is missed.", initiated_by=Initiator.PROVIDER)
    await played.give(cancel, played.client)
    await _standing(engine, played.booking.id)

    provider = Party(role=Role.PROVIDER, id=PROVIDER)
    client = Party(role=Role.CLIENT, id=CLIENT)
    async with engine.begin() as conn:
        talk = await find_or_create(conn, provider_id=PROVIDER, client_id=CLIENT, now=NOW)
        for author, other in ((provider, client), (client, provider)):
            name = NAMES[other.role]
            said = f"{WRITTEN} by {author.role}, to {name} ({other.id})."
            await post_message(conn, conversation_id=talk, author=author, text=said, at=NOW)
            await note_person(conn, author, name=NAMES[author.role], zone="Europe/Berlin")
            for row in _own_rows(author, played.booking.id):
                table, values = row
                await conn.execute(insert(table).values(values))
        await conn.execute(
            text(
                "UPDATE bookings SET conference_url = :it, materials = :it, logistics_note = :it"
            ).bindparams(it=f"https://example.org/{WRITTEN}")
        )
        await conn.execute(
            text("UPDATE notices SET answer = :it").bindparams(it=f"250 {WRITTEN}@example.org")
        )
    return played.booking.id


async def _standing(engine: AsyncEngine, booking_id: str) -> None:
    standing = untouched(engine, PROVIDER)
    provider = Party(role=Role.PROVIDER, id=PROVIDER)
    late = of_standing.ReportLateEvent(
        id=f"{booking_id}-cancellation",
        booking_id=booking_id,
        kind=LateKind.CANCELLATION,
        scheduled_start=in_days(3),
        initiated_at=NOW,
    )
    await standing.give(late, Party(role=Role.SERVICE, id="booking"))
    proof = of_standing.SubmitProof(
        covers=(late.id,),
        statement=f"{WRITTEN} had a cold.",
        documents=(Document(name=WRITTEN, url=f"https://example.org/{WRITTEN}"),),
    )
    await standing.give(proof, provider)
    review = of_standing.ReviewProof(proof_id="proof-1", accept=False, note=f"Which {WRITTEN}?")
    await standing.give(review, SUPPORT)
    await standing.give(of_standing.Suspend(reason=f"{WRITTEN}!"), SUPPORT)


def _own_rows(person: Party, booking_id: str) -> list[tuple[Any, dict[str, Any]]]:
    role, person_id = person.role.value, person.id
    body = {"id": booking_id, "provider_id": PROVIDER, "client_id": CLIENT, "note": WRITTEN}
    key = {"fingerprint": "f", "subject_id": booking_id, "status": 200, "body": body}
    return [
        (
            at.contacts,
            {
                "role": role,
                "person_id": person_id,
                "email": f"{WRITTEN}@example.org",
                "source": "person",
            },
        ),
        (at.notice_choices, {"role": role, "person_id": person_id, "by_mail": {}}),
        (
            at.calendar_feeds,
            {"role": role, "person_id": person_id, "token_hash": person_id, "created_at": NOW},
        ),
        (at.message_allowances, {"role": role, "person_id": person_id, "spent_until": NOW}),
        (at.idempotency_keys, {"owner_role": role, "owner_id": person_id, "key": "k", **key}),
        (
            at.webhooks,
            {
                "id": f"hook-{role}",
                "owner_role": role,
                "owner_id": person_id,
                "url": f"https://{WRITTEN}.example",
                "description": WRITTEN,
                "types": [],
                "secret": "s",
                "old_secrets": [],
                "created_at": NOW,
                "updated_at": NOW,
            },
        ),
    ]


async def _where(engine: AsyncEngine, *needles: str) -> set[str]:
    """The tables in which any of these occurs, in whatever column."""
    found = set()
    async with engine.connect() as conn:
        for name, table in at.metadata.tables.items():
            rows = await conn.scalars(select(cast(func.to_jsonb(table.table_valued()), Text)))
            if any(needle.lower() in row.lower() for row in rows for needle in needles):
                found.add(name)
    return found


def test_every_column_of_every_table_is_thought_of() -> None:
    declared = {personal.table.name: set(personal.columns) for personal in TABLES}
    assert declared == {
        table.name: {column.name for column in table.columns if column.computed is None}
        for table in at.metadata.tables.values()
    }


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.CLIENT])
async def test_an_erased_person_is_nowhere(engine: AsyncEngine, role: Role) -> None:
    await _fill(engine)
    person = Party(role=role, id=PROVIDER if role is Role.PROVIDER else CLIENT)
    # Tables that hold nothing of a client are those of standings, and what is about lateness.
    only_providers = {"topics", "standings", "standing_late_events", "late_events"}
    everywhere = {
        personal.table.name
        for personal in TABLES
        if personal.goes or any(rule is not nothing for rule in personal.columns.values())
    }
    expected = everywhere - (only_providers if role is Role.CLIENT else set())
    assert await _where(engine, person.id) >= expected

    erased = await erase(engine, person)
    assert erased.pseudonym is not None
    assert is_pseudonym(erased.pseudonym)
    assert await _where(engine, person.id, NAMES[role]) == set()
    assert (await erase(engine, person)).rows == {}
    assert await _where(engine, erased.pseudonym) >= {"bookings", "conversations", "messages"}


async def test_what_an_erased_provider_wrote_is_nowhere(engine: AsyncEngine) -> None:
    await _fill(engine)
    before = await _where(engine, WRITTEN)
    assert {"topics", "bookings", "decisions", "events", "standings", "notices"} <= before
    await erase(engine, Party(role=Role.PROVIDER, id=PROVIDER))
    # The client's own: their address, their endpoint, their words, the answers to their requests.
    assert await _where(engine, WRITTEN) == {"messages", "contacts", "webhooks"}
    async with engine.connect() as conn:
        said = await conn.scalars(select(at.messages.c.text).where(at.messages.c.card.is_(None)))
        texts = sorted(said)
    assert texts[1] == ERASED
    assert texts[0].startswith(f"{WRITTEN} by client, to erased-")
    await erase(engine, Party(role=Role.CLIENT, id=CLIENT))
    assert await _where(engine, WRITTEN) == set()


async def test_the_record_stays_consistent(engine: AsyncEngine) -> None:
    booking_id = await _fill(engine)
    erased = await erase(engine, Party(role=Role.PROVIDER, id=PROVIDER))
    async with engine.connect() as conn:
        booking = (await conn.execute(select(at.bookings))).one()
        standing = (await conn.execute(select(at.standings))).one()
        lines = (await conn.execute(select(at.decisions))).all()
    assert booking.id == booking_id
    assert booking.provider_id == booking.document["provider_id"] == erased.pseudonym
    assert booking.client_id == CLIENT
    assert standing.provider_id == standing.document["provider_id"] == erased.pseudonym
    assert standing.suspended
    assert {line.subject_id for line in lines} == {booking_id, erased.pseudonym}
    assert {line.by_id for line in lines if line.by_role == "provider"} == {erased.pseudonym}


async def test_staff_leave_their_decisions_behind(engine: AsyncEngine) -> None:
    await _fill(engine)
    await erase(engine, SUPPORT)
    assert await _where(engine, SUPPORT.id) == set()
    assert "standings" in await _where(engine, WRITTEN)


async def _kept(engine: AsyncEngine, number: int, body: dict[str, Any], about: str = "x") -> None:
    """An answer that a service got to a request of its own."""
    async with engine.begin() as conn:
        await conn.execute(
            insert(at.idempotency_keys).values(
                owner_role="service",
                owner_id="back-office",
                key=f"key-{number}",
                fingerprint="f",
                subject_id=about,
                status=200,
                body=body,
            )
        )


async def test_answers_to_others_keep_no_address_and_no_word_to_the_erased(
    engine: AsyncEngine,
) -> None:
    await _fill(engine)
    address = {"role": "client", "id": CLIENT, "email": "karl@example.org", "channels": {}}
    await _kept(engine, 1, address)
    async with engine.connect() as conn:
        said = (await conn.execute(select(at.messages).where(at.messages.c.card.is_(None)))).all()
    for number, row in enumerate(said, 2):
        author = {"role": "support", "id": "sam"}
        await _kept(engine, number, {"id": row.id, "author": author, "text": row.text})
    await erase(engine, Party(role=Role.CLIENT, id=CLIENT))
    assert await _where(engine, "karl@example.org", NAMES[Role.CLIENT], CLIENT) == set()


async def test_somebody_of_the_same_id_in_another_role_is_somebody_else(
    engine: AsyncEngine,
) -> None:
    await _fill(engine)
    topic = {"id": "topic-1", "provider_id": PROVIDER, "description": WRITTEN}
    await _kept(engine, 1, topic)
    await _kept(engine, 2, {"status": "good", "provider_id": PROVIDER}, about=PROVIDER)
    namesake = Party(role=Role.CLIENT, id=PROVIDER)
    async with engine.connect() as conn:
        assert not any([rows async for _, rows in export(conn, namesake)])
    assert (await erase(engine, namesake)).rows == {}
    async with engine.connect() as conn:
        kept = await conn.scalars(select(at.idempotency_keys.c.body))
        assert topic in list(kept)


async def test_nobody_is_erased_while_they_have_open_bookings(engine: AsyncEngine) -> None:
    played = await requested(engine, provider_id=PROVIDER, client_id=CLIENT)
    await _fill(engine)
    before = await _where(engine, PROVIDER)
    with pytest.raises(OpenBookingsError) as refused:
        await erase(engine, Party(role=Role.PROVIDER, id=PROVIDER))
    assert refused.value.bookings == (played.booking.id,)
    assert await _where(engine, PROVIDER) == before


async def test_what_is_being_said_while_its_author_is_erased_goes_too(engine: AsyncEngine) -> None:
    await _fill(engine)
    client = Party(role=Role.CLIENT, id=CLIENT)
    async with engine.connect() as conn:
        talk = (await conn.scalars(select(at.conversations.c.id))).one()
    async with engine.begin() as conn:
        await post_message(conn, conversation_id=talk, author=client, text="Heffalump", at=NOW)
        erasing = asyncio.create_task(erase(engine, client))
        await _waits_for_a_lock(engine)
    await erasing
    assert await _where(engine, "Heffalump", CLIENT) == set()


async def _waits_for_a_lock(engine: AsyncEngine) -> None:
    """Returns once somebody waits for what somebody else has locked."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with engine.connect() as conn, asyncio.timeout(60):
        while not await conn.scalar(waiting):
            await conn.rollback()
            await asyncio.sleep(0.02)


async def test_what_is_refused_after_an_erasure_is_counted_and_names_nobody(
    engine: AsyncEngine,
) -> None:
    played = await requested(engine, provider_id=PROVIDER, client_id=CLIENT)
    await played.give(do.Decline(reason="No time."), played.provider)
    await erase(engine, Party(role=Role.PROVIDER, id=PROVIDER))
    await played.refuse(code=Code.ALREADY_CLOSED)
    assert await _where(engine, PROVIDER) == set()
    async with engine.connect() as conn:
        booking = (await conn.execute(select(at.bookings))).one()
    assert (booking.recording, booking.refused) == (played.number, 1)
    assert is_pseudonym(booking.provider_id)


async def test_an_export_has_everything_but_keys(engine: AsyncEngine) -> None:
    booking_id = await _fill(engine)
    async with engine.connect() as conn:
        tables = {
            name: rows async for name, rows in export(conn, Party(role=Role.CLIENT, id=CLIENT))
        }
    assert set(tables) == set(at.metadata.tables)
    assert [row["id"] for row in tables["bookings"]] == [booking_id]
    assert len(tables["messages"]) > 2
    shown = json.dumps(tables, default=str)
    assert f"{WRITTEN} is missed." in shown
    assert NAMES[Role.CLIENT] in shown
    assert not {"token_hash", "secret", "fingerprint"} & {
        column for rows in tables.values() for row in rows for column in row
    }
