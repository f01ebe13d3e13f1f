"""How often the database is counted for the operators, and what they see when it is gone."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from api.tallies import Tallies
from db.engine import create_engine


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
