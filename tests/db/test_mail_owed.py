"""Mails are owed to those who can be reached and want them, in the transaction of the recording."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries.contacts import Source
from db.recording.mail_owed import owe_mail
from db.schema import notices
from db.stores.contacts import keep_address, keep_choice
from domain.notices.ledger import Owed
from domain.notices.preferences import Group
from domain.party import Party, Role
from tests.db.player import NOW

ADA = Party(role=Role.PROVIDER, id="ada")
CARL = Party(role=Role.CLIENT, id="carl")
DESK = Party(role=Role.SUPPORT, id="support")


def told(who: Party, kind: str, number: int = 1) -> dict[str, Any]:
    """A notice as the inbox has it."""
    return {
        "id": f"inbox-{number}",
        "recipient_role": who.role.value,
        "recipient_id": who.id,
        "kind": kind,
        "channel": "inbox",
        "booking_id": "b1",
        "provider_id": "ada",
        "booking_revision": 2,
        "due_at": NOW,
        "session_start": NOW,
        "state": "sent",
        "reason": None,
        "source": f"booking/b1/{number}/{who.role}/inbox",
    }


async def owed(engine: AsyncEngine, *rows: dict[str, Any]) -> list[Owed]:
    async with engine.begin() as conn:
        return await owe_mail(conn, rows)


async def test_who_is_reached_by_mail_is_owed_what_the_inbox_has(engine: AsyncEngine) -> None:
    async with engine.begin() as conn:
        await keep_address(conn, ADA, "ada@example.org", Source.SERVICE)
        await keep_address(conn, DESK, "desk@example.org", Source.SERVICE)

    found = await owed(
        engine,
        told(ADA, "booking.cancelled"),
        told(CARL, "booking.cancelled"),
        told(DESK, "proof.submitted", 2),
        told(ADA, "a-kind.to-come", 3),
    )

    assert [each.summary for each in found] == [
        "e-mail booking.cancelled to provider ada",
        "e-mail proof.submitted to support support",
        "e-mail a-kind.to-come to provider ada",
    ]
    async with engine.connect() as conn:
        rows = (await conn.execute(select(notices).order_by(notices.c.id))).all()
    assert [row.id for row in rows] == [each.id for each in found]
    first = rows[0]
    assert (first.channel, first.state, first.attempts) == ("email", "owed", 0)
    assert first.source == "booking/b1/1/provider/email"
    assert (first.booking_id, first.booking_revision) == ("b1", 2)
    assert first.due_at == first.session_start == NOW


async def test_what_somebody_has_turned_off_is_not_owed(engine: AsyncEngine) -> None:
    async with engine.begin() as conn:
        await keep_address(conn, ADA, "ada@example.org", Source.PERSON)
        await keep_choice(conn, ADA, {Group.REMINDERS: False, Group.STANDING: True})

    found = await owed(
        engine,
        told(ADA, "session-starts"),
        told(ADA, "standing.warned", 2),
        told(ADA, "booking.requested", 3),
    )

    assert [each.summary.split()[1] for each in found] == ["standing.warned", "booking.requested"]


async def test_nobody_is_owed_anything_without_an_address(engine: AsyncEngine) -> None:
    async with engine.begin() as conn:
        await keep_address(conn, CARL, None, Source.PERSON)

    assert await owed(engine, told(ADA, "session-starts"), told(CARL, "session-starts")) == []


async def test_an_address_of_a_sign_in_gives_way_to_one_given_on_purpose(
    engine: AsyncEngine,
) -> None:
    for email, source in (
        ("first@example.org", Source.SIGN_IN),
        ("second@example.org", Source.SIGN_IN),
        (None, Source.PERSON),
        ("third@example.org", Source.SIGN_IN),
    ):
        async with engine.begin() as conn:
            await keep_address(conn, ADA, email, source)
    assert await owed(engine, told(ADA, "session-starts")) == []

    async with engine.begin() as conn:
        await keep_address(conn, ADA, "fourth@example.org", Source.SERVICE)
    assert len(await owed(engine, told(ADA, "session-starts"))) == 1
