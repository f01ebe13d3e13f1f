"""How often the database is counted for the operators, and what they see when it is gone."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.tallies import Tallies
from db.engine import create_engine
from db.queries import tallies


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


def pending(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("keepdate_open_bookings", {"state": "pending"})


async def test_what_was_just_counted_is_not_counted_again(database: str) -> None:
    clock, registry = Clock(), CollectorRegistry()
    counted = Tallies(registry, clock)
    engine, gone = create_engine(database), create_engine(NOWHERE)
    await counted.refresh(engine)
    assert registry.get_sample_value("keepdate_database_up") == 1
    clock.at += 9
    # It would fail, if it asked.
    await counted.refresh(gone)
    assert pending(registry) == 0
    await engine.dispose()


async def test_without_the_database_old_counts_are_not_shown(database: str) -> None:
    clock, registry = Clock(), CollectorRegistry()
    counted = Tallies(registry, clock)
    engine, gone = create_engine(database), create_engine(NOWHERE)
    await counted.refresh(engine)
    clock.at += 11
    await counted.refresh(gone)
    assert registry.get_sample_value("keepdate_database_up") == 0
    assert pending(registry) is None
    ledger = {"channel": "inbox", "state": "sent"}
    assert registry.get_sample_value("keepdate_notices", ledger) is None
    await counted.refresh(engine)
    assert registry.get_sample_value("keepdate_database_up") == 1
    assert pending(registry) == 0
    assert registry.get_sample_value("keepdate_notices", ledger) == 0
    await engine.dispose()


_FAILED = """
    INSERT INTO notices (id, recipient_role, recipient_id, kind, channel, due_at, state, source)
    VALUES (:id, 'client', 'c', 'booking.confirmed', 'email', now(), :state, :id)"""


def emails(registry: CollectorRegistry, state: str) -> float | None:
    labels = {"channel": "email", "state": state}
    return registry.get_sample_value("keepdate_notices", labels)


async def test_what_failed_is_counted_sooner_than_what_was_sent(database: str) -> None:
    clock, registry = Clock(), CollectorRegistry()
    counted = Tallies(registry, clock)
    engine = create_engine(database)
    await counted.refresh(engine)
    async with engine.begin() as conn:
        for state in ("owed", "failed", "sent"):
            await conn.execute(text(_FAILED), {"id": state, "state": state})
    for seconds, sent in ((11, 0), (50, 1)):
        clock.at += seconds
        await counted.refresh(engine)
        assert [emails(registry, state) for state in ("owed", "failed", "sent")] == [1, 1, sent]
    await engine.dispose()


async def test_a_ledger_that_takes_too_long_is_shown_without_what_was_sent(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, registry = Clock(), CollectorRegistry()
    counted = Tallies(registry, clock)
    engine = create_engine(database)
    whole = tallies.ledger

    async def too_long(conn: AsyncConnection) -> dict[tuple[str, str], int]:
        clock.at += 5
        raise TimeoutError

    await counted.refresh(engine)
    monkeypatch.setattr(tallies, "ledger", too_long)
    clock.at += 61
    await counted.refresh(engine)
    assert registry.get_sample_value("keepdate_database_up") == 1
    assert [emails(registry, state) for state in ("owed", "failed", "sent")] == [0, 0, None]
    # It is not tried again before a hundred times as long has passed.
    monkeypatch.setattr(tallies, "ledger", whole)
    for seconds, sent in ((480, None), (20, 0)):
        clock.at += seconds
        await counted.refresh(engine)
        assert emails(registry, "sent") == sent
    await engine.dispose()
