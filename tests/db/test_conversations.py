"""The Messages tab: one conversation a pair, what is unread, and pages by activity."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from db.ids import new_id
from db.queries.conversations import get_conversation, list_conversations, list_messages
from db.stores.conversations import find_or_create, mark_read, post_message
from domain.party import Party, Role
from tests.db.player import NOW, SUPPORT, requested

ADA = Party(role=Role.PROVIDER, id="ada")
CARL = Party(role=Role.CLIENT, id="carl")
DORA = Party(role=Role.CLIENT, id="dora")


async def _conversation(engine: AsyncEngine, client: Party = CARL) -> str:
    async with engine.begin() as conn:
        return await find_or_create(conn, provider_id=ADA.id, client_id=client.id, now=NOW)


async def _post(engine: AsyncEngine, conversation_id: str, author: Party, words: str) -> str:
    async with engine.begin() as conn:
        message = await post_message(
            conn, conversation_id=conversation_id, author=author, text=words, at=NOW
        )
    return message.id


async def test_a_pair_has_one_conversation_whoever_begins_it(engine: AsyncEngine) -> None:
    found = await asyncio.gather(*(_conversation(engine) for _ in range(8)))
    await requested(engine)
    assert len(set(found)) == 1
    assert await _conversation(engine) == found[0]
    async with engine.connect() as conn:
        (only,) = await list_conversations(conn, viewer=SUPPORT, limit=9)
    assert only.id == found[0]
    assert only.last_message is not None
    assert only.last_message.card is not None


async def test_unread_is_what_others_wrote_since(engine: AsyncEngine) -> None:
    conversation_id = await _conversation(engine)

    async def unread(viewer: Party) -> int:
        async with engine.connect() as conn:
            row = await get_conversation(conn, conversation_id, viewer=viewer)
        assert row is not None
        return row.unread

    assert await unread(ADA) == 0
    first = await _post(engine, conversation_id, CARL, "May I?")
    await _post(engine, conversation_id, CARL, "Please?")
    assert (await unread(ADA), await unread(CARL)) == (2, 0)
    # To answer is to have read.
    answer = await _post(engine, conversation_id, ADA, "Sure.")
    assert (await unread(ADA), await unread(CARL)) == (0, 1)
    for up_to in (answer, first):
        async with engine.begin() as conn:
            await mark_read(conn, conversation_id=conversation_id, reader=CARL, up_to=up_to)
        assert await unread(CARL) == 0


async def test_only_its_own_two_and_support_see_a_conversation(engine: AsyncEngine) -> None:
    conversation_id = await _conversation(engine)
    async with engine.connect() as conn:
        for viewer, sees in ((ADA, True), (CARL, True), (SUPPORT, True), (DORA, False)):
            row = await get_conversation(conn, conversation_id, viewer=viewer)
            assert (row is not None) is sees
            assert bool(await list_conversations(conn, viewer=viewer, limit=9)) is sees


async def test_conversations_page_by_their_last_activity(engine: AsyncEngine) -> None:
    clients = [Party(role=Role.CLIENT, id=f"client-{number}") for number in range(5)]
    ids = [await _conversation(engine, client) for client in clients]
    await _post(engine, ids[1], ADA, "News.")
    expected = [ids[1], ids[4], ids[3], ids[2], ids[0]]
    seen: list[str] = []
    after = None
    async with engine.connect() as conn:
        while page := await list_conversations(conn, viewer=ADA, limit=2, after=after):
            seen += [row.id for row in page]
            after = page[-1].cursor
    assert seen == expected


async def test_messages_page_newest_first(engine: AsyncEngine) -> None:
    conversation_id = await _conversation(engine)
    posted = [await _post(engine, conversation_id, CARL, f"{number}") for number in range(7)]
    seen: list[str] = []
    async with engine.connect() as conn:
        while page := await list_messages(
            conn, conversation_id, limit=3, after=seen[-1] if seen else None
        ):
            seen += [message.id for message in page]
    assert seen == posted[::-1]


def test_ids_sort_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(set(made))


async def test_the_instant_of_a_message_is_kept(engine: AsyncEngine) -> None:
    conversation_id = await _conversation(engine)
    at = NOW + timedelta(microseconds=1)
    async with engine.begin() as conn:
        posted = await post_message(
            conn, conversation_id=conversation_id, author=CARL, text="Exactly.", at=at
        )
        assert await list_messages(conn, conversation_id, limit=9) == [posted]
