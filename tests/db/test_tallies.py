"""What operators count over everything is what is there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.engine import create_engine
from db.queries import tallies
from domain.notices.ledger import Channel, NoticeState

BOOKINGS = """
    INSERT INTO bookings (id, topic_id, provider_id, client_id, state, revision, created_at,
        updated_at, document, recording, refused)
    SELECT 'b' || i, 't', 'p', 'c', (ARRAY['pending', 'declined', 'completed'])[1 + i % 3], 1,
        now(), now(), '{}', 1, 0 FROM generate_series(1, 30) i"""

NOTICES = """
    INSERT INTO notices (id, recipient_role, recipient_id, kind, channel, due_at, state, source)
    SELECT 'n' || i, 'client', 'c', 'booking.confirmed', (ARRAY['inbox', 'email'])[1 + i % 2],
        timestamptz '2026-03-01 00:00Z' + i * interval '1 hour',
        (ARRAY['sent', 'owed', 'sent', 'failed'])[1 + i % 4], 's' || i
    FROM generate_series(1, 40) i"""


@pytest.fixture
async def conn(database: str) -> AsyncIterator[AsyncConnection]:
    """A database with thirty bookings and forty notices, and nothing that they refer to."""
    engine = create_engine(database)
    async with engine.connect() as connection:
        await connection.execute(text("SET session_replication_role = replica"))
        await connection.execute(text(BOOKINGS))
        await connection.execute(text(NOTICES))
        yield connection
        await connection.rollback()
    await engine.dispose()


async def test_open_bookings_by_state(conn: AsyncConnection) -> None:
    assert await tallies.open_bookings(conn) == {"pending": 10, "confirmed": 0}


async def test_the_ledger_by_channel_and_state(conn: AsyncConnection) -> None:
    found = await tallies.ledger(conn)
    assert found.keys() == {(channel, state) for channel in Channel for state in NoticeState}
    assert {key: number for key, number in found.items() if number} == {
        ("inbox", "sent"): 20,
        ("email", "owed"): 10,
        ("email", "failed"): 10,
    }


async def test_what_has_failed_by_channel(conn: AsyncConnection) -> None:
    assert await tallies.failed_notices(conn) == {"inbox": 0, "email": 10, "webhook": 0}


async def test_what_is_owed_and_since_when(conn: AsyncConnection) -> None:
    [(channel, owed)] = (await tallies.owed_notices(conn)).items()
    assert (channel, owed.count, owed.oldest_due_at.hour) == ("email", 10, 1)
