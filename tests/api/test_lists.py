"""Topics, conversations, the feed; and how lists go on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from api import paging
from api.chat import saying
from api.models.conversation import ConversationPage, MessagePage
from api.models.feed import Feed
from api.models.topic import TopicPage
from api.problems import ProblemError
from db.ids import new_id
from db.personal.erasing import erase
from db.schema import standings
from domain.party import Party, Role
from tests.api.marketplace import (
    Json,
    Marketplace,
    Person,
    created,
    fields_of,
    in_days,
    ok,
    problem,
)


async def all_pages(person: Person, path: str, limit: int, **params: object) -> list[list[Json]]:
    """A list in pages, to the end."""
    found = ok(await person.get(path, limit=limit, **params))
    pages = [found["items"]]
    while found["next"] is not None:
        found = ok(await person.get(path, limit=limit, after=found["next"], **params))
        pages.append(found["items"])
    return pages


async def test_pages_follow_each_other_without_gap_or_repetition(market: Marketplace) -> None:
    provider = market.provider()
    made = [(await market.topic(provider))["id"] for _ in range(5)]
    pages = await all_pages(provider, "/v1/topics", 2, provider_id=provider.id)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [topic["id"] for page in pages for topic in page] == made[::-1]


async def test_bookings_are_found_by_what_they_are(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    one = await market.requested(provider, client)
    other = await market.requested(provider, market.client())
    ok(await provider.post(f"/v1/bookings/{other['id']}/decline", {"reason": "Full."}))

    async def ids(person: Person, **params: object) -> list[str]:
        return [item["id"] for item in ok(await person.get("/v1/bookings", **params))["items"]]

    assert await ids(provider) == [other["id"], one["id"]]
    assert await ids(provider, state="declined") == [other["id"]]
    assert await ids(market.support, provider_id=provider.id, client_id=client.id) == [one["id"]]
    assert await ids(client) == [one["id"]]


async def test_a_topic_is_changed_and_paused_by_its_provider(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    topic = await market.topic(provider, title="Etching", description="On copper.")
    path = f"/v1/topics/{topic['id']}"
    request = {"topic_id": topic["id"], "preferred_starts": [in_days(5)]}

    problem(await market.provider().patch(path, {"title": "Mine"}), 403, "not-allowed")
    problem(await client.patch(path, {"title": "Mine"}), 403, "not-allowed")
    answer = await provider.patch(path, {"status": "suspended"})
    assert fields_of(problem(answer, 422, "malformed")) == ["status"]
    answer = await provider.patch(path, {"title": None})
    assert fields_of(problem(answer, 422, "malformed")) == ["title"]
    changed = ok(await provider.patch(path, {"duration_minutes": 90, "status": "paused"}))
    assert changed == {**topic, "duration_minutes": 90, "status": "paused"}
    found = ok(await client.get("/v1/topics", q="COPPER", provider_id=provider.id))
    assert TopicPage.model_validate(found).items == []
    assert len(ok(await provider.get("/v1/topics", q="copper"))["items"]) == 1
    problem(await client.post("/v1/bookings", request), 409, "topic-not-listed")
    ok(await provider.patch(path, {"status": "listed"}))
    created(await client.post("/v1/bookings", request))


async def test_topics_of_a_provider_who_was_erased_are_listed_no_more(
    market: Marketplace, market_engine: AsyncEngine
) -> None:
    provider = market.provider()
    path = f"/v1/topics/{(await market.topic(provider))['id']}"
    await erase(market_engine, Party(role=Role.PROVIDER, id=provider.id))
    left = ok(await market.support.get(path))
    new = {"provider_id": left["provider_id"], "title": "Etching", "duration_minutes": 60}
    for staff in (market.support, market.service):
        answer = await staff.patch(path, {"status": "listed"})
        assert fields_of(problem(answer, 422, "malformed")) == ["status"]
        answer = await staff.post("/v1/topics", new)
        assert fields_of(problem(answer, 422, "malformed")) == ["provider_id"]
    assert ok(await market.support.get(path)) == left
    assert left["status"] == "paused"
    found = await market.client().get("/v1/topics", provider_id=left["provider_id"])
    assert ok(found)["items"] == []


async def test_who_is_erased_while_they_say_something_has_not_said_it(
    market: Marketplace, market_engine: AsyncEngine
) -> None:
    client = market.client()
    named = {"provider_id": market.provider().id}
    talk = created(await client.post("/v1/conversations", named))["id"]
    carl = Party(role=Role.CLIENT, id=client.id)
    # What a request carries out that has found the conversation already.
    say = saying(talk, {"text": "I am still here."}, carl)
    await erase(market_engine, carl)
    with pytest.raises(ProblemError) as told:
        async with market_engine.begin() as conn:
            await say(conn, new_id())
    assert told.value.status == 404
    assert ok(await market.support.get(f"/v1/conversations/{talk}/messages"))["items"] == []


async def test_suspended_topics_take_no_requests(
    market: Marketplace, market_engine: AsyncEngine
) -> None:
    provider, client = market.provider(), market.client()
    topic = await market.topic(provider)
    request = {"topic_id": topic["id"], "preferred_starts": [in_days(5)]}
    async with market_engine.begin() as conn:
        await conn.execute(
            insert(standings).values(
                provider_id=provider.id,
                status="suspended",
                suspended=True,
                document={},
                revision=1,
                recording=1,
                refused=0,
                updated_at=datetime.now(UTC),
            )
        )

    problem(await client.post("/v1/bookings", request), 409, "topic-suspended")
    assert ok(await client.get("/v1/topics", provider_id=provider.id))["items"] == []
    [own] = ok(await provider.get("/v1/topics"))["items"][:1]
    assert (own["id"], own["status"]) == (topic["id"], "suspended")
    async with market_engine.begin() as conn:
        mine = standings.c.provider_id == provider.id
        await conn.execute(update(standings).where(mine).values(suspended=False))
    created(await client.post("/v1/bookings", request))


async def test_support_suspends_and_reinstates(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    topic = await market.topic(provider)
    path = f"/v1/providers/{provider.id}/standing"
    request = {"topic_id": topic["id"], "preferred_starts": [in_days(5)]}

    problem(await market.support.post(f"{path}/reinstate", {"reason": "x"}), 409, "not-suspended")
    found = ok(await market.support.post(f"{path}/suspend", {"reason": "Fraud."}))
    assert found["status"] == "suspended"
    problem(await client.post("/v1/bookings", request), 409, "topic-suspended")
    found = ok(await market.support.post(f"{path}/reinstate", {"reason": "A mistake."}))
    assert found["status"] == "good"
    created(await client.post("/v1/bookings", request))


async def test_client_and_provider_talk(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    answer = await client.post("/v1/conversations", {})
    assert fields_of(problem(answer, 422, "malformed")) == ["provider_id"]
    begun = created(await client.post("/v1/conversations", {"provider_id": provider.id}))
    same = ok(await provider.post("/v1/conversations", {"client_id": client.id}))
    assert same["id"] == begun["id"]
    path = f"/v1/conversations/{begun['id']}/messages"

    for text in ("", " ", "a\0b", "x" * 4001, None, 5):
        answer = await client.post(path, {"text": text})
        assert fields_of(problem(answer, 422, "malformed")) == ["text"]
    said = [created(await client.post(path, {"text": f"Hello {n}"})) for n in range(3)]
    assert said[0]["author"] == {"role": "client", "id": client.id}
    [listed] = ConversationPage.model_validate(ok(await provider.get("/v1/conversations"))).items
    assert listed.unread == 3
    assert listed.last_message
    assert listed.last_message.text == "Hello 2"
    MessagePage.model_validate(ok(await provider.get(path)))
    pages = await all_pages(provider, path, 2)
    assert [message for page in pages for message in page] == said[::-1]
    assert ok(await provider.get("/v1/conversations"))["items"][0]["unread"] == 0
    created(await market.support.post(path, {"text": "Can we help?"}))
    assert ok(await provider.get("/v1/conversations"))["items"][0]["unread"] == 1
    for stranger in (market.provider(), market.client()):
        problem(await stranger.get(path), 404, "not-found")
        problem(await stranger.post(path, {"text": "Hi"}), 404, "not-found")
    problem(await market.service.get(path), 403, "not-allowed")


async def test_a_booking_leaves_cards_in_the_chat(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    await market.confirmed(provider, client, in_days(20))
    [conversation] = ok(await client.get("/v1/conversations"))["items"]
    messages = ok(await client.get(f"/v1/conversations/{conversation['id']}/messages"))
    assert any(
        message["card"] for message in MessagePage.model_validate(messages).model_dump()["items"]
    )


async def test_the_feed_goes_on_where_it_was_left(market: Marketplace) -> None:
    found = ok(await market.service.get("/v1/events", limit=200))
    while found["items"]:
        found = ok(await market.service.get("/v1/events", limit=200, after=found["next"]))
    after = found["next"]
    provider, client = market.provider(), market.client()
    booking = await market.confirmed(provider, client, in_days(20))

    fresh = Feed.model_validate(ok(await market.service.get("/v1/events", after=after, limit=1)))
    rest = Feed.model_validate(ok(await market.service.get("/v1/events", after=fresh.next)))

    items = [*fresh.items, *rest.items]
    # Something of before may be recorded meanwhile: a standing hears of its bookings afterwards.
    ours = [item for item in items if item.booking_id == booking["id"]]
    assert [item.type for item in ours] == ["booking.requested", "booking.confirmed"]
    assert ours[0].seq < ours[1].seq
    # A webhook tells the `seq` and no cursor; 0 is before everything.
    known = ok(await market.service.get("/v1/events", after=items[0].seq, limit=1))
    assert Feed.model_validate(known).items == [items[1]]
    assert ok(await market.service.get("/v1/events", after=0, limit=1)) == ok(
        await market.service.get("/v1/events", limit=1)
    )


async def test_a_number_that_no_list_has_is_no_cursor(market: Marketplace) -> None:
    provider, client = market.provider(), market.client()
    booking = await market.requested(provider, client, in_days(20))
    lists = {
        f"/v1/bookings/{booking['id']}/timeline": paging.LAST_LINE,
        f"/v1/providers/{provider.id}/standing/timeline": paging.LAST_LINE,
        f"/v1/providers/{provider.id}/late-events": paging.LAST_LINE,
    }
    for path, last in lists.items():
        ok(await market.service.get(path, after=paging.cursor(str(last))))
        beyond = await market.service.get(path, after=paging.cursor(str(last + 1)))
        problem(beyond, 422, "malformed")
        ok(await market.service.get(path, after=last))
        problem(await market.service.get(path, after=last + 1), 422, "malformed")


async def test_a_place_that_the_feed_has_not_come_to_is_none(market: Marketplace) -> None:
    """Nobody can know of it, but who read before the database was restored from an older copy."""
    await market.requested(market.provider(), market.client(), in_days(20))
    for place in (paging.LAST_PLACE, paging.LAST_PLACE + 1):
        for after in (place, paging.cursor(str(place))):
            beyond = await market.service.get("/v1/events", after=after)
            assert fields_of(problem(beyond, 422, "malformed")) == ["after"]


async def test_a_place_that_was_given_anew_is_told_from_what_it_was(market: Marketplace) -> None:
    await market.requested(market.provider(), market.client(), in_days(20))
    first = ok(await market.service.get("/v1/events", limit=1))
    place, mark = paging.numbers_at(first["next"], last=paging.LAST_PLACE)
    ok(await market.service.get("/v1/events", after=first["next"]))
    ok(await market.service.get("/v1/events", after=place))
    another = paging.cursor(f"{place}.{mark + 1}")
    problem(await market.service.get("/v1/events", after=another), 422, "malformed")


def test_no_cursor_is_taken_for_a_number_of_the_list() -> None:
    for number in [*range(1, 2_000), paging.LAST_LINE, paging.LAST_PLACE]:
        assert paging.number_at(paging.cursor(str(number)), last=paging.LAST_PLACE) == number
