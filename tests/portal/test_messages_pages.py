"""Messages as people write and read them on the pages, without any script."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from db.schema import messages
from db.stores.allowances import AT_ONCE
from db.stores.conversations import post_message
from tests.portal.conftest import Meet
from tests.portal.pair import Pair
from tests.portal.visitor import Visitor, instant, local, words

SCRIPT = "<script>alert(1)</script>"


async def begun(pair: Pair) -> str:
    """The conversation that the client begins; the path of its page."""
    sent = {"csrf": await pair.yuki.csrf(), "provider_id": pair.ada.id}
    answer = await pair.yuki.post("/messages/start", sent)
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def unread(visitor: Visitor) -> int:
    """The number at the tab."""
    page = await visitor.get("/bookings")
    found = page.text.partition('data-count="messages">')[2].partition("<")[0]
    return int(found or 0)


async def test_two_talk_before_there_is_a_booking(pair: Pair) -> None:
    chat = await begun(pair)
    assert chat == await begun(pair)
    assert "Say hello" in words(await pair.yuki.get(chat))
    answer = await pair.yuki.says(chat, "Do you teach\nbeginners?")
    assert answer.headers["location"] == f"{chat}#newest"
    assert await unread(pair.ada) == 1
    listed = await pair.ada.get("/messages")
    assert "Yuki Tanaka Do you teach beginners?" in words(listed)
    assert "1 unread" in words(listed)
    assert "Do you teach" in words(await pair.ada.get(chat))
    assert await unread(pair.ada) == 0
    assert "1 unread" not in words(await pair.ada.get("/messages"))
    await pair.ada.says(chat, "Gladly.")
    assert "Ada Lovelace Gladly." in words(await pair.yuki.get("/messages"))


async def test_a_page_that_another_left_open_reads_nothing_for_whoever_is_signed_in(
    pair: Pair,
) -> None:
    chat = await begun(pair)
    await pair.yuki.says(chat, "Do you teach beginners?")
    for reader, left in ((pair.yuki, 1), (pair.ada, 0)):
        page = {"X-Keepdate-Live": str(reader.viewer.party)}
        assert (await pair.ada.http.get(chat, headers=page)).status_code == 200
        assert await unread(pair.ada) == left


async def test_what_is_written_is_shown_as_it_is(pair: Pair) -> None:
    chat = await begun(pair)
    await pair.yuki.says(chat, f"{SCRIPT} see https://example.org/a, javascript:alert(1)")
    for path in (chat, "/messages"):
        assert SCRIPT not in (await pair.ada.get(path)).text
    page = await pair.ada.get(chat)
    assert '<a href="https://example.org/a" rel="noopener nofollow ugc"' in page.text
    assert 'href="javascript' not in page.text


async def test_an_instant_that_the_readers_zone_does_not_have_hides_nothing(pair: Pair) -> None:
    chat = await begun(pair)
    await pair.yuki.says(chat, "Not before 9999-12-31T23:59:59Z!")
    for path in (chat, "/messages"):
        assert "Not before" in words(await pair.ada.get(path))


async def test_a_message_says_something_and_not_too_much(pair: Pair) -> None:
    chat = await begun(pair)
    for text, told in ((" \n ", "Message has to be given"), ("x" * 4001, "can have 4,000")):
        answer = await pair.yuki.says(chat, text)
        assert answer.status_code == 422
        assert told in words(answer)
    assert (await pair.yuki.says(chat, "x" * 4000)).status_code == 303


async def test_nobody_floods_a_conversation(pair: Pair) -> None:
    chat = await begun(pair)
    page = await pair.yuki.get(chat)
    csrf = await pair.yuki.csrf()
    for number in range(AT_ONCE):
        answer = await pair.yuki.post(chat, {"csrf": csrf, "text": f"Message {number}"})
        assert answer.status_code == 303
    # The machine may have been slow enough for a few more to be allowed.
    refused = await pair.yuki.send(page, chat, text="And another")
    while refused.status_code == 303:
        refused = await pair.yuki.post(chat, {"csrf": csrf, "text": "And another"})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert "One person can send 20 messages a minute. Go on in" in words(refused)
    assert "And another</textarea>" in refused.text
    assert (await pair.ada.says(chat, "Slowly, please.")).status_code == 303


async def test_a_card_shows_how_its_booking_stands_now(pair: Pair) -> None:
    path = await pair.pending(note=SCRIPT)
    chat = await begun(pair)
    page = await pair.ada.get(chat)
    assert "Request Watercolours : view Pending" in words(page)
    assert f'href="{path}#confirm"' in page.text
    assert SCRIPT not in page.text
    assert "#confirm" not in (await pair.yuki.get(chat)).text
    await pair.ada.does(path, "decline", reason="I am away.", over_scheduling="1")
    page = await pair.ada.get(chat)
    assert "Request Watercolours : view Now declined" in words(page)
    assert "Declined Watercolours : view You" in words(page)
    assert "I am away. Only the times do not suit" in words(page)
    assert "#confirm" not in page.text


async def test_a_proposal_is_accepted_in_the_chat(pair: Pair) -> None:
    path = await pair.confirmed()
    later = local(25)
    await pair.ada.does(path, "propose-reschedule", start_1=later, reason="A fair.")
    chat = await begun(pair)
    page = await pair.yuki.get(chat)
    answer = await pair.yuki.send(page, f"{path}/answer-reschedule", start=instant(later))
    assert answer.headers["location"] == chat
    page = await pair.yuki.get(chat)
    assert "Accepted. Support enters the new date next." in words(page)
    assert "New time accepted" in words(page)
    assert f"{path}/answer-reschedule" not in page.text


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "They were not answered in time"),
        ({"accepted": False}, "They were not answered in time"),
        ({"accepted": True}, "One was accepted, but support had not entered it"),
    ],
)
async def test_a_card_says_why_a_proposal_has_lapsed(
    pair: Pair, more: dict[str, bool], told: str
) -> None:
    path, now = await pair.confirmed(), datetime.now(UTC)
    await pair.yuki.does(path, "cancel", reason="It is over.")
    chat = await begun(pair)
    # As it is written at the end of the session, for which nobody waits here.
    lapsed = {"type": "reschedule.lapsed", "at": now.isoformat(), "revision": 4, **more}
    written = update(messages).where(
        messages.c.conversation_id == chat.rpartition("/")[2],
        messages.c.card["type"].astext == "booking.cancelled",
    )
    async with pair.ada.parts.engine.begin() as conn:
        await conn.execute(written.values(card={**lapsed, "booking_id": path.rpartition("/")[2]}))
    assert told in words(await pair.yuki.get(chat))


async def test_a_client_who_is_asked_to_cancel_is_led_there(pair: Pair) -> None:
    path = await pair.confirmed()
    await pair.ada.does(path, "ask-cancel", reason="My studio is under water.")
    page = await pair.yuki.get(await begun(pair))
    assert "Please cancel" in words(page)
    assert "My studio is under water." in words(page)
    assert f'href="{path}#cancel"' in page.text


async def test_only_the_two_and_support_read_a_conversation(pair: Pair, meet: Meet) -> None:
    chat = await begun(pair)
    await pair.yuki.says(chat, "Between us.")
    for stranger in (await meet("provider"), await meet("client")):
        assert (await stranger.get(chat)).status_code == 404
        sent = {"csrf": await stranger.csrf(), "text": "Me too!"}
        assert (await stranger.post(chat, sent)).status_code == 404
        assert "No conversations yet" in words(await stranger.get("/messages"))
    support = await meet("support")
    assert "Between us." in words(await support.get(chat))
    assert await unread(pair.ada) == 1


async def test_nobody_else_can_be_called_what_support_is(meet: Meet) -> None:
    ada = await meet("provider")
    await ada.offers()
    mallory = await meet("client", name="Sam Keller, support")
    sent = {"csrf": await mallory.csrf(), "provider_id": ada.id}
    chat = (await mallory.post("/messages/start", sent)).headers["location"]
    sam = await meet("support", name="Sam Keller")
    for somebody in (mallory, sam):
        await somebody.says(chat, "What is your password?")
    abouts = re.findall('<p class="bubble-about">(.*?)·', (await ada.get(chat)).text)
    assert ["badge-support" in about for about in abouts] == [False, True]


async def test_a_conversation_begins_only_with_whom_one_can_reach(pair: Pair, meet: Meet) -> None:
    support = await meet("support")
    for visitor, field, whom in (
        (pair.yuki, "provider_id", "nobody"),
        (pair.yuki, "provider_id", (await meet("provider")).id),
        (pair.yuki, "provider_id", ""),
        (pair.ada, "client_id", pair.yuki.id),
        (support, "client_id", pair.yuki.id),
    ):
        sent = {"csrf": await visitor.csrf(), field: whom}
        assert (await visitor.post("/messages/start", sent)).status_code == 404
    chat = await begun(pair)
    sent = {"csrf": await pair.ada.csrf(), "client_id": pair.yuki.id}
    assert (await pair.ada.post("/messages/start", sent)).headers["location"] == chat


async def test_earlier_messages_are_a_page_away(pair: Pair) -> None:
    chat = await begun(pair)
    begins = datetime.now(UTC)
    async with pair.ada.parts.engine.begin() as conn:
        for number in range(55):
            await post_message(
                conn,
                conversation_id=chat.rpartition("/")[2],
                author=pair.ada.viewer.party,
                text=f"Number {number}.",
                at=begins + timedelta(seconds=number),
            )
    newest = await pair.yuki.get(chat)
    assert "Number 54." in words(newest)
    assert "Number 4." not in words(newest)
    earlier = newest.text.partition('rel="next" href="')[2].partition('"')[0]
    oldest = await pair.yuki.get(earlier)
    assert "Number 4." in words(oldest)
    assert "Number 5." not in words(oldest)
    assert f'data-live-page="{earlier}"' in oldest.text


async def test_live_pages_name_what_they_show(pair: Pair) -> None:
    chat = await begun(pair)
    chat_id = chat.rpartition("/")[2]
    assert f'data-live="conversation:{chat_id}"' in (await pair.ada.get(chat)).text
    assert 'data-live="conversations"' in (await pair.ada.get("/messages")).text
