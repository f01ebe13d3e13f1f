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
from bench.on_record import Endpoint, column, fill_record
from bench.people import people_of, standings_of
from db.documents import booking_document
from db.ids import new_id, new_id_as_of
from domain.booking.state import Booking, Cancellation, CancellationStatus, Fault, Initiator, State
from domain.party import Role

BOOKINGS = 100_000

_BUSY = 0.2
"""This part of them is of one provider, whose lists are the longest that anybody has."""

WARNED = 50_000
"""So many more providers were late once, and have no bookings now."""

_PROVIDERS = 400
_CLIENTS = 5_000
_CLIENTS_EACH = 100
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

    `busy_ids` are the bookings of the busy provider. Of conversations it is not the id, but where a
    list of them goes on; `own_conversations` are those of the busy provider, who has said most in
    `long_chat`.
    """

    provider_id: str
    client_id: str
    support_id: str
    booking_ids: list[str]
    busy_ids: list[str]
    topic_ids: list[str]
    conversation_ids: list[str]
    own_conversations: list[str]
    long_chat: str
    long_chat_ids: list[str]
    inbox_ids: list[str]
    endpoints: dict[Role, Endpoint]


def fill(url: str, bookings: int = BOOKINGS) -> Filled:
    """Fills an empty, migrated database with so many bookings. `url` is libpq's."""
    chance = random.Random(20)
    demo = {who.role: who for who in reversed(DEMO_PEOPLE)}
    people = {role: demo[role].id for role in (Role.PROVIDER, Role.CLIENT, Role.SUPPORT)}
    busy, one_client = people[Role.PROVIDER], people[Role.CLIENT]
    providers = [busy, *(f"provider-{n}" for n in range(1, _PROVIDERS))]
    clients = [f"client-{n}" for n in range(1, _CLIENTS)]
    clients.insert(_CLIENTS // 2, one_client)
    warned = [f"late-{n}" for n in range(WARNED)]
    with psycopg.connect(url) as conn:
        topics = _fill_topics(conn, providers, _TOPICS_EACH)
        others = _fill_topics(conn, warned, 1)
        _copy(conn, "people", people_of(providers, clients, warned))
        _copy(conn, "standings", standings_of(warned))
        _copy(conn, "bookings", _bookings(chance, (busy, one_client), topics, clients, bookings))
        owners = {role: people[role] for role in (Role.PROVIDER, Role.SUPPORT)}
        endpoints = fill_record(conn, owners, pair=(busy, one_client))
        (long_chat,) = column(
            conn,
            "SELECT id FROM conversations WHERE provider_id = %s AND client_id = %s",
            busy,
            one_client,
        )
        filled = Filled(
            provider_id=busy,
            client_id=one_client,
            support_id=people[Role.SUPPORT],
            booking_ids=column(conn, "SELECT id FROM bookings ORDER BY id"),
            busy_ids=column(
                conn, "SELECT id FROM bookings WHERE provider_id = %s ORDER BY id", busy
            ),
            topic_ids=[each for ids in (*topics.values(), *others.values()) for each in ids],
            conversation_ids=column(conn, "SELECT latest FROM conversations ORDER BY latest"),
            own_conversations=column(
                conn,
                "SELECT latest FROM conversations WHERE provider_id = %s ORDER BY latest",
                busy,
            ),
            long_chat=long_chat,
            long_chat_ids=column(
                conn, "SELECT id FROM messages WHERE conversation_id = %s ORDER BY id", long_chat
            ),
            inbox_ids=column(
                conn,
                "SELECT id FROM notices WHERE channel = 'inbox' AND recipient_id = %s ORDER BY id",
                busy,
            ),
            endpoints=endpoints,
        )
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


def _bookings(
    chance: random.Random,
    pair: tuple[str, str],
    topics: dict[str, list[str]],
    clients: list[str],
    count: int,
) -> Iterator[dict[str, Any]]:
    busy, one_client = pair
    others = [provider for provider in topics if provider != busy]
    states, weights = list(_OF_EACH_STATE), list(_OF_EACH_STATE.values())
    now = datetime.now(UTC).replace(microsecond=0)
    next_free = dict.fromkeys(topics, now + timedelta(days=6))
    for number in range(count):
        # People come back to whom they know.
        place = chance.randrange(len(others))
        first = place * len(clients) // len(others)
        provider, among = others[place], clients[first : first + _CLIENTS_EACH]
        if chance.random() < _BUSY:
            provider, among = busy, clients
        if number == 0:
            # The two know each other, however few bookings there are.
            provider, among = busy, [one_client]
        (state,) = chance.choices(states, weights)
        created_at = now - timedelta(minutes=5 * (count - number))
        # Confirmed sessions of one provider may not overlap.
        start = created_at + timedelta(days=9)
        if state is State.CONFIRMED:
            start = next_free[provider]
            next_free[provider] += timedelta(minutes=_MINUTES)
        booking = Booking(
            id=new_id_as_of(created_at),
            topic_id=chance.choice(topics[provider]),
            title=chance.choice(_TITLES),
            provider_id=provider,
            client_id=chance.choice(among),
            preferred_starts=tuple(start + timedelta(days=day) for day in range(3)),
            duration_minutes=_MINUTES,
            created_at=created_at,
            decided_at=created_at,
            expires_at=created_at + timedelta(days=3),
            note="I have played the recorder for two years, and would like to begin with Fux.",
            state=state,
        )
        yield _row(_as_in_state(booking, start))


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
