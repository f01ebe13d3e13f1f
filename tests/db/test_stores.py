"""What the API itself writes: topics, logistics, idempotency keys, and what it has promised."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db.queries.bookings import Intent, Logistics, get_booking, get_intent
from db.queries.topics import TopicStatus, get_topic, list_topics
from db.stores.idempotency import Claim, Claimed, claim, finish
from db.stores.intents import insert_intent
from db.stores.logistics import set_logistics
from db.stores.topics import update_topic
from domain.booking import commands as do
from domain.party import Party, Role
from domain.standing import commands as standing_do
from tests.db.player import HOUR, NOW, SUPPORT, in_days, new_topic, requested, untouched

ADA = Party(role=Role.PROVIDER, id="ada")
CARL = Party(role=Role.CLIENT, id="carl")


async def _titles(engine: AsyncEngine, viewer: Party, q: str | None = None) -> list[str]:
    async with engine.connect() as conn:
        return [topic.title for topic in await list_topics(conn, viewer=viewer, q=q, limit=99)]


async def test_a_list_of_topics_holds_the_listed_ones_and_ones_own(engine: AsyncEngine) -> None:
    paused = await new_topic(engine, "ada", "Endgames")
    await new_topic(engine, "ada", "Openings")
    await new_topic(engine, "bea", "Go")
    async with engine.begin() as conn:
        assert await update_topic(conn, paused, listed=False, now=NOW + HOUR)
        assert not await update_topic(conn, "none", listed=False, now=NOW)
        topic = await get_topic(conn, paused)
    assert topic is not None
    assert (topic.status, topic.updated_at) == (TopicStatus.PAUSED, NOW + HOUR)
    await untouched(engine, "bea").give(standing_do.Suspend(reason="Spam."), SUPPORT)
    assert await _titles(engine, ADA) == ["Openings", "Endgames"]
    assert await _titles(engine, CARL) == ["Openings"]
    assert await _titles(engine, Party(role=Role.PROVIDER, id="bea")) == ["Go", "Openings"]


@pytest.mark.parametrize(
    ("q", "found"), [("OPEN", ["100% chess"]), ("100%", ["100% chess"]), ("%s", []), ("_", [])]
)
async def test_topics_are_found_by_their_words(
    engine: AsyncEngine, q: str, found: list[str]
) -> None:
    await new_topic(engine, "ada", "100% chess")
    assert await _titles(engine, CARL, q) == found


async def test_topics_page_newest_first(engine: AsyncEngine) -> None:
    made = [await new_topic(engine, "ada") for _ in range(5)]
    seen: list[str] = []
    async with engine.connect() as conn:
        while page := await list_topics(
            conn, viewer=CARL, provider_id="ada", limit=2, after=seen[-1] if seen else None
        ):
            seen += [topic.id for topic in page]
        assert await list_topics(conn, viewer=CARL, provider_id="bea", limit=2) == []
    assert seen == made[::-1]


async def test_logistics_outlive_every_recording(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(10))
    logistics = Logistics(conference_url="https://meet.example/x", materials="A board.")
    async with engine.begin() as conn:
        assert await set_logistics(conn, played.booking.id, logistics)
        assert not await set_logistics(conn, "none", logistics)
    await played.give(do.Confirm(start=in_days(10)), played.provider)
    async with engine.connect() as conn:
        row = await get_booking(conn, played.booking.id)
    assert row is not None
    assert (row.booking, row.logistics) == (played.booking, logistics)


async def test_an_intent_is_noted_once(engine: AsyncEngine) -> None:
    intent = Intent(
        booking_id="b",
        provider_id="ada",
        client_id="carl",
        topic_id=await new_topic(engine, "ada"),
        created_at=NOW,
    )
    async with engine.begin() as conn:
        for _ in range(2):
            await insert_intent(conn, intent)
        assert await get_intent(conn, "b") == intent
        assert await get_intent(conn, "c") is None


async def _claim(
    engine: AsyncEngine, owner: Party = CARL, *, fingerprint: str = "f", subject_id: str = "1"
) -> Claimed:
    async with engine.begin() as conn:
        return await claim(
            conn, owner=owner, key="k", fingerprint=fingerprint, subject_id=subject_id
        )


async def test_a_key_stands_for_one_request_of_its_owner(engine: AsyncEngine) -> None:
    assert await _claim(engine) == Claimed(claim=Claim.NEW, subject_id="1")
    under_way = Claimed(claim=Claim.SAME, subject_id="1")
    assert await _claim(engine, subject_id="2") == under_way
    assert (await _claim(engine, fingerprint="g")).claim is Claim.REUSED
    assert (await _claim(engine, ADA)).claim is Claim.NEW
    for status, body in ((201, {"id": "1"}), (500, None)):
        async with engine.begin() as conn:
            await finish(conn, owner=CARL, key="k", status=status, body=body)
    answered = Claimed(claim=Claim.SAME, subject_id="1", status=201, body={"id": "1"})
    assert await _claim(engine, subject_id="3") == answered


async def test_of_claims_that_race_one_is_new(engine: AsyncEngine) -> None:
    found = await asyncio.gather(*(_claim(engine, subject_id=f"{n}") for n in range(8)))
    new = [claimed for claimed in found if claimed.claim is Claim.NEW]
    assert len(new) == 1
    assert {claimed.subject_id for claimed in found} == {new[0].subject_id}
