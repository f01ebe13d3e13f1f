"""Finding and counting bookings, and how much one person may post."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries.booking_search import count_by_state, matching
from db.queries.bookings import list_bookings
from db.queries.conversations import count_unread
from db.stores.allowances import AT_ONCE, REFILL, spend
from db.stores.people import note_person
from domain.booking.commands import Decline
from domain.booking.state import State
from domain.party import Party, Role
from tests.db.player import NOW, SUPPORT, new_topic, requested

ADA = Party(role=Role.PROVIDER, id="ada")
CARL = Party(role=Role.CLIENT, id="carl")


async def found_by(engine: AsyncEngine, viewer: Party, q: str) -> set[str]:
    """The ids of what a viewer finds."""
    async with engine.connect() as conn:
        among = await matching(conn, viewer, q)
        if not among.is_anything:
            return set()
        rows = await list_bookings(
            conn,
            viewer_provider_id=viewer.id if viewer.role is Role.PROVIDER else None,
            viewer_client_id=viewer.id if viewer.role is Role.CLIENT else None,
            among=among,
            limit=50,
        )
    return {row.booking.id for row in rows}


async def test_bookings_are_found_by_person_and_topic(engine: AsyncEngine) -> None:
    chess = (await requested(engine)).booking
    topic = await new_topic(engine, "ada", title="100% Go")
    go = (await requested(engine, client_id="dora", topic_id=topic)).booking
    other = (await requested(engine, provider_id="bob")).booking
    async with engine.begin() as conn:
        await note_person(conn, CARL, name="Carl Sagan", zone="UTC")
    assert await found_by(engine, ADA, "SAGAN") == {chess.id}
    assert await found_by(engine, ADA, "dor") == {go.id}
    assert await found_by(engine, ADA, "100%") == {go.id}
    assert await found_by(engine, ADA, "bob") == set()
    assert await found_by(engine, CARL, "bob") == {other.id}
    assert await found_by(engine, CARL, "chess") == {chess.id, other.id}
    assert await found_by(engine, CARL, "Go") == set()
    assert await found_by(engine, SUPPORT, "sagan") == {chess.id, other.id}
    assert await found_by(engine, SUPPORT, go.id) == {go.id}


async def test_of_what_is_meant_in_several_ways_the_newest_are_found_once(
    engine: AsyncEngine,
) -> None:
    both: list[str] = []
    client: list[str] = []
    topic: list[str] = []
    about = {found: await new_topic(engine, "ada", title=found) for found in ("Carlton", "Chess")}
    for _ in range(2):
        for kind, client_id, title in (
            (client, "carl", "Chess"),
            (topic, "dora", "Carlton"),
            (both, "carl", "Carlton"),
        ):
            played = await requested(engine, client_id=client_id, topic_id=about[title])
            kind.append(played.booking.id)
        await requested(engine, client_id="dora", topic_id=about["Chess"])
    newest_first = sorted(both + client + topic, reverse=True)
    for viewer in (ADA, SUPPORT):
        async with engine.connect() as conn:
            among = await matching(conn, viewer, "carl")
            rows = await list_bookings(conn, among=among, limit=4)
            others = await list_bookings(conn, among=among, limit=4, after=newest_first[3])
        assert [row.booking.id for row in (*rows, *others)] == newest_first


async def test_bookings_are_counted_by_state(engine: AsyncEngine) -> None:
    played = await requested(engine)
    await played.give(Decline(reason="Away."), played.provider)
    await requested(engine)
    await requested(engine, provider_id="bob")
    async with engine.connect() as conn:
        counts = {who: await count_by_state(conn, who) for who in (ADA, CARL, SUPPORT)}
    assert counts[ADA] == dict.fromkeys(State, 0) | {State.PENDING: 1, State.DECLINED: 1}
    assert counts[CARL] == counts[SUPPORT]
    assert counts[CARL][State.PENDING] == 2


async def test_conversations_with_something_new_are_counted(engine: AsyncEngine) -> None:
    await requested(engine)
    await requested(engine, client_id="dora")
    async with engine.connect() as conn:
        unread = {who: await count_unread(conn, who) for who in (ADA, CARL)}
    # A request is the client's own word, which they have no need to read.
    assert unread == {ADA: 2, CARL: 0}


async def test_so_much_can_be_posted_at_once_and_then_steadily(engine: AsyncEngine) -> None:
    async with engine.begin() as conn:
        first = [await spend(conn, CARL, now=NOW) for _ in range(AT_ONCE)]
        assert first == [None] * AT_ONCE
        assert await spend(conn, CARL, now=NOW) == NOW + REFILL
        assert await spend(conn, ADA, now=NOW) is None
        assert await spend(conn, CARL, now=NOW + REFILL) is None
        assert await spend(conn, CARL, now=NOW + REFILL) == NOW + 2 * REFILL
        later = NOW + timedelta(hours=1)
        assert [await spend(conn, CARL, now=later) for _ in range(AT_ONCE)] == first


async def test_posts_at_the_same_moment_are_counted_one_by_one(engine: AsyncEngine) -> None:
    async def post() -> bool:
        async with engine.begin() as conn:
            return await spend(conn, CARL, now=NOW) is None

    taken = await asyncio.gather(*(post() for _ in range(AT_ONCE + 10)))
    assert sum(taken) == AT_ONCE
