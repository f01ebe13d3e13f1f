"""A marketplace of many years, put straight into the database: its past needs no workflows."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.range import TimestamptzRange

from api.portal.people import DEMO_PEOPLE
from db.documents import booking_document
from db.ids import new_id
from domain.booking.state import Booking, Cancellation, CancellationStatus, Fault, Initiator, State
from domain.party import Role

BOOKINGS = 100_000
BUSY = 20_000
"""So many of them are of one provider, whose lists are the longest that anybody has."""

_PROVIDERS = 400
_CLIENTS = 5_000
_TOPICS_EACH = 5
_MINUTES = 60
_OF_EACH_STATE = {
    State.COMPLETED: 60,
    State.CANCELLED: 15,
    State.DECLINED: 8,
    State.EXPIRED: 7,
    State.CONFIRMED: 8,
    State.PENDING: 2,
}
_TITLES = ("Counterpoint", "Watercolours", "Endgames", "Thai cooking", "Bookkeeping")


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Whom to ask for. The ids of all bookings, and of the busy provider's, oldest first."""

    provider_id: str
    client_id: str
    support_id: str
    booking_ids: list[str]
    busy_ids: list[str]


def fill(url: str) -> Filled:
    """Fills an empty, migrated database. `url` is libpq's."""
    chance = random.Random(20)
    demo = {who.role: who for who in reversed(DEMO_PEOPLE)}
    filled = Filled(
        provider_id=demo[Role.PROVIDER].id,
        client_id=demo[Role.CLIENT].id,
        support_id=demo[Role.SUPPORT].id,
        booking_ids=[],
        busy_ids=[],
    )
    providers = [filled.provider_id, *(f"provider-{n}" for n in range(1, _PROVIDERS))]
    clients = [filled.client_id, *(f"client-{n}" for n in range(1, _CLIENTS))]
    with psycopg.connect(url) as conn:
        topics = _fill_topics(conn, providers)
        _copy(conn, "people", _people(providers, clients))
        pairs = _fill_bookings(conn, chance, filled, topics, clients)
        _copy(conn, "conversations", _conversations(pairs))
    with psycopg.connect(url, autocommit=True) as conn:
        # As autovacuum has done long ago where so many bookings have gathered over the years. It
        # passes by what some other work in the database might still want to see as it was.
        visible = "SELECT relallvisible > 0 FROM pg_class WHERE relname = 'bookings'"
        while True:
            conn.execute("VACUUM ANALYZE")
            if conn.execute(visible).fetchone() == (True,):
                break
            time.sleep(0.5)
    return filled


def _fill_topics(conn: psycopg.Connection, providers: list[str]) -> dict[str, list[str]]:
    now = datetime.now(UTC)
    found = {provider: [new_id() for _ in range(_TOPICS_EACH)] for provider in providers}
    _copy(
        conn,
        "topics",
        (
            {
                "id": topic,
                "provider_id": provider,
                "title": f"{_TITLES[index % len(_TITLES)]} with {provider}",
                "description": "",
                "duration_minutes": _MINUTES,
                "listed": True,
                "created_at": now,
                "updated_at": now,
            }
            for provider, topics in found.items()
            for index, topic in enumerate(topics)
        ),
    )
    return found


def _fill_bookings(
    conn: psycopg.Connection,
    chance: random.Random,
    filled: Filled,
    topics: dict[str, list[str]],
    clients: list[str],
) -> set[tuple[str, str]]:
    pairs = set()
    others = [provider for provider in topics if provider != filled.provider_id]
    states, weights = list(_OF_EACH_STATE), list(_OF_EACH_STATE.values())
    now = datetime.now(UTC).replace(microsecond=0)
    next_free = dict.fromkeys(topics, now + timedelta(days=6))

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(BOOKINGS):
            is_busy = chance.randrange(BOOKINGS) < BUSY
            provider = filled.provider_id if is_busy else chance.choice(others)
            (state,) = chance.choices(states, weights)
            created_at = now - timedelta(minutes=5 * (BOOKINGS - number))
            # Confirmed sessions of one provider may not overlap.
            start = created_at + timedelta(days=9)
            if state is State.CONFIRMED:
                start = next_free[provider]
                next_free[provider] += timedelta(minutes=_MINUTES)
            booking = Booking(
                id=new_id(),
                topic_id=chance.choice(topics[provider]),
                title=chance.choice(_TITLES),
                provider_id=provider,
                client_id=chance.choice(clients),
                preferred_starts=tuple(start + timedelta(days=day) for day in range(3)),
                duration_minutes=_MINUTES,
                created_at=created_at,
                decided_at=created_at,
                expires_at=created_at + timedelta(days=3),
                note="I have played the recorder for two years, and would like to begin with Fux.",
                state=state,
            )
            booking = _as_in_state(booking, start)
            pairs.add((booking.provider_id, booking.client_id))
            filled.booking_ids.append(booking.id)
            if is_busy:
                filled.busy_ids.append(booking.id)
            yield _row(booking)

    _copy(conn, "bookings", rows())
    return pairs


def _as_in_state(booking: Booking, start: datetime) -> Booking:
    match booking.state:
        case State.CONFIRMED | State.COMPLETED:
            return replace(booking, scheduled_start=start)
        case State.CANCELLED:
            done = Cancellation(
                status=CancellationStatus.DONE,
                initiated_by=Initiator.CLIENT,
                initiated_at=booking.created_at,
                reason="Something came up.",
                late=False,
                executed_by=Role.CLIENT,
                fault=Fault.CLIENT,
            )
            return replace(booking, scheduled_start=start, cancellation=done)
        case _:
            return booking


def _row(booking: Booking) -> dict[str, Any]:
    start, end = booking.scheduled_start, booking.scheduled_end
    return {
        "id": booking.id,
        "topic_id": booking.topic_id,
        "provider_id": booking.provider_id,
        "client_id": booking.client_id,
        "state": booking.state.value,
        "revision": booking.revision,
        "scheduled_start": start,
        "scheduled_end": end,
        "created_at": booking.created_at,
        "updated_at": booking.decided_at,
        "during": TimestamptzRange(start, end) if booking.state is State.CONFIRMED else None,
        "document": json.dumps(booking_document(booking)),
        "recording": 1,
        "refused": 0,
    }


def _people(providers: list[str], clients: list[str]) -> Iterator[dict[str, Any]]:
    for role, ids in ((Role.PROVIDER, providers), (Role.CLIENT, clients)):
        for number, person in enumerate(ids):
            yield {
                "role": role.value,
                "id": person,
                "name": f"{role.value.capitalize()} Number {number}",
                "zone": "Europe/Berlin",
            }


def _conversations(pairs: set[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    for provider, client in sorted(pairs):
        made = new_id()
        yield {
            "id": made,
            "provider_id": provider,
            "client_id": client,
            "created_at": now,
            "latest": made,
        }


def _copy(conn: psycopg.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    columns = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, first))
    statement = psycopg.sql.SQL("COPY {} ({}) FROM STDIN").format(
        psycopg.sql.Identifier(table), columns
    )
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write_row(tuple(first.values()))
        for row in rows:
            copy.write_row(tuple(row.values()))
