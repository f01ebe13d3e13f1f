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
from db.documents import booking_document, standing_document
from db.ids import new_id
from domain.booking.state import Booking, Cancellation, CancellationStatus, Fault, Initiator, State
from domain.party import Role
from domain.standing.state import Standing, Status

BOOKINGS = 100_000

_BUSY = 0.2
"""This part of them is of one provider, whose lists are the longest that anybody has."""

WARNED = 50_000
"""So many more providers were late once, and have no bookings now."""

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
_DESCRIPTION = "One hour for beginners and for those who come back to it. Bring what you work on."
_TITLES = ("Counterpoint", "Watercolours", "Endgames", "Thai cooking", "Bookkeeping")


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Whom to ask for, and the ids of what there is, the oldest first.

    `busy_ids` are the bookings of the busy provider, `own_conversations` their conversations.
    """

    provider_id: str
    client_id: str
    support_id: str
    booking_ids: list[str]
    busy_ids: list[str]
    topic_ids: list[str]
    conversation_ids: list[str]
    own_conversations: list[str]


def fill(url: str, bookings: int = BOOKINGS) -> Filled:
    """Fills an empty, migrated database with so many bookings. `url` is libpq's."""
    chance = random.Random(20)
    demo = {who.role: who for who in reversed(DEMO_PEOPLE)}
    filled = Filled(
        provider_id=demo[Role.PROVIDER].id,
        client_id=demo[Role.CLIENT].id,
        support_id=demo[Role.SUPPORT].id,
        booking_ids=[],
        busy_ids=[],
        topic_ids=[],
        conversation_ids=[],
        own_conversations=[],
    )
    providers = [filled.provider_id, *(f"provider-{n}" for n in range(1, _PROVIDERS))]
    clients = [filled.client_id, *(f"client-{n}" for n in range(1, _CLIENTS))]
    warned = [f"late-{n}" for n in range(WARNED)]
    with psycopg.connect(url) as conn:
        topics = _fill_topics(conn, providers, _TOPICS_EACH)
        others = _fill_topics(conn, warned, 1)
        for each in (topics, others):
            filled.topic_ids.extend(topic for ids in each.values() for topic in ids)
        _copy(conn, "people", _people(providers, clients, warned))
        _copy(conn, "standings", _standings(warned))
        pairs = _fill_bookings(conn, chance, filled, topics, clients, bookings)
        _copy(conn, "conversations", _conversations(filled, pairs))
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


def _fill_topics(conn: psycopg.Connection, providers: list[str], each: int) -> dict[str, list[str]]:
    now = datetime.now(UTC)
    found = {provider: [new_id() for _ in range(each)] for provider in providers}
    _copy(
        conn,
        "topics",
        (
            {
                "id": topic,
                "provider_id": provider,
                "title": f"{_TITLES[index % len(_TITLES)]} with {provider}",
                "description": _DESCRIPTION,
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
    count: int,
) -> set[tuple[str, str]]:
    pairs = set()
    others = [provider for provider in topics if provider != filled.provider_id]
    states, weights = list(_OF_EACH_STATE), list(_OF_EACH_STATE.values())
    now = datetime.now(UTC).replace(microsecond=0)
    next_free = dict.fromkeys(topics, now + timedelta(days=6))

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(count):
            is_busy = chance.random() < _BUSY
            provider = filled.provider_id if is_busy else chance.choice(others)
            (state,) = chance.choices(states, weights)
            created_at = now - timedelta(minutes=5 * (count - number))
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


def _people(
    providers: list[str], clients: list[str], warned: list[str]
) -> Iterator[dict[str, Any]]:
    for role, ids in ((Role.PROVIDER, [*providers, *warned]), (Role.CLIENT, clients)):
        for number, person in enumerate(ids):
            good = Status.GOOD if number < len(providers) else Status.WARNED
            yield {
                "role": role.value,
                "id": person,
                "name": f"{role.value.capitalize()} Number {number}",
                "zone": "Europe/Berlin",
                "standing": good.value if role is Role.PROVIDER else None,
            }


def _standings(warned: list[str]) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    for provider in warned:
        yield {
            "provider_id": provider,
            "status": Status.WARNED.value,
            "suspended": False,
            "document": json.dumps(
                standing_document(Standing(provider_id=provider, decided_at=now))
            ),
            "revision": 1,
            "recording": 1,
            "refused": 0,
            "updated_at": now,
        }


def _conversations(filled: Filled, pairs: set[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    for provider, client in sorted(pairs):
        made = new_id()
        filled.conversation_ids.append(made)
        if provider == filled.provider_id:
            filled.own_conversations.append(made)
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
