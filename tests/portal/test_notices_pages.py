"""The Notices tab: what somebody was told, and what comes by e-mail."""

from __future__ import annotations

import html
import re

import httpx

from db.queries.contacts import Reach, Source, get_reach
from db.stores.contacts import keep_address
from domain.notices.preferences import Group
from domain.party import SUPPORT_DESK
from tests.portal.browser import forms_of
from tests.portal.conftest import Meet
from tests.portal.pair import Pair
from tests.portal.visitor import Visitor, instant, local, words

PREFERENCES = "/notices/preferences"


def unread(page: httpx.Response) -> int:
    """The number at the tab."""
    return sum(map(int, re.findall(r'data-count="notices">(\d+)', page.text)))


async def reach_of(visitor: Visitor) -> Reach:
    async with visitor.parts.engine.connect() as conn:
        return await get_reach(conn, visitor.viewer.party)


async def chosen(visitor: Visitor, *, email: str, mail: list[str]) -> httpx.Response:
    """Sends the form of what comes by e-mail, with these boxes ticked."""
    (form,) = forms_of(await visitor.get(PREFERENCES), PREFERENCES)
    written = {**form.fields, "email": email, "mail": mail}
    return await visitor.http.post(PREFERENCES, data=written)


async def test_what_happened_is_told_in_words_and_leads_on(pair: Pair) -> None:
    path = await pair.confirmed()

    before = await pair.yuki.get("/bookings")
    page = await pair.yuki.get("/notices")

    assert unread(before) == 1
    assert "Ada Lovelace has confirmed your session on Watercolours for" in words(page)
    assert f'href="{path}"' in page.text
    assert 'class="unread"' in page.text
    assert unread(page) == 0
    again = await pair.yuki.get("/notices")
    assert 'class="unread"' not in again.text
    theirs = words(await pair.ada.get("/notices"))
    assert "Yuki Tanaka asks for a session" in theirs
    assert "You have confirmed the session on Watercolours with Yuki Tanaka for" in theirs


async def test_a_page_that_another_left_open_sees_nothing_for_whoever_is_signed_in(
    pair: Pair,
) -> None:
    await pair.confirmed()
    for reader, left in ((pair.ada, 1), (pair.yuki, 0)):
        page = {"X-Keepdate-Live": str(reader.viewer.party)}
        assert (await pair.yuki.http.get("/notices", headers=page)).status_code == 200
        assert unread(await pair.yuki.get("/bookings")) == left


async def test_times_are_the_viewers_own(pair: Pair) -> None:
    await pair.confirmed()

    page = await pair.yuki.get("/notices")

    assert re.search(r"Confirmed: Watercolours, .*(17|18):00", words(page)), "10:00 in Berlin"


async def test_what_somebody_wrote_stays_text(pair: Pair) -> None:
    path = await pair.pending()
    await pair.ada.does(path, "decline", reason="<b class=injected>Away</b>")

    page = await pair.yuki.get("/notices")

    assert "The reason given: <b class=injected>Away</b>." in html.unescape(page.text)
    assert "<b class=injected>" not in page.text


async def test_an_inbox_goes_on_by_pages(pair: Pair) -> None:
    for _ in range(26):
        await pair.pending()

    first = await pair.ada.get("/notices")
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older is not None
    rest = await pair.ada.get(older.group(1).replace("&amp;", "&"))

    assert first.text.count("New request:") == 25
    assert rest.text.count("New request:") == 1
    assert "Back to the newest" in words(rest)


async def test_support_shares_the_inbox_of_its_desk(pair: Pair, meet: Meet) -> None:
    sam, eve = await meet("support"), await meet("support")
    path = await pair.confirmed()
    later = local(25)
    await pair.ada.does(path, "propose-reschedule", start_1=later, reason="A fair.")
    await pair.yuki.does(path, "answer-reschedule", answer="accept", start=instant(later))

    page = await sam.get("/notices")

    assert "Please amend the date." in words(page)
    assert unread(await eve.get("/queues")) == 0


async def test_somebody_chooses_what_comes_by_mail(pair: Pair) -> None:
    answer = await chosen(
        pair.yuki, email=" yuki@example.org ", mail=["confirmations", "reminders"]
    )

    assert answer.status_code == 303
    reach = await reach_of(pair.yuki)
    assert (reach.email, reach.source) == ("yuki@example.org", Source.PERSON)
    assert reach.choice[Group.CONFIRMATIONS]
    assert not reach.choice[Group.CANCELLATIONS]
    page = await pair.yuki.get(PREFERENCES)
    assert 'value="yuki@example.org"' in page.text
    ticked = set(re.findall(r'name="mail" value="([a-z]+)" checked', page.text))
    assert ticked == {"confirmations", "reminders"}
    assert "Suspensions" not in words(page), "nothing of it concerns a client"


async def test_what_binds_somebody_cannot_all_be_off(pair: Pair) -> None:
    answer = await chosen(pair.ada, email="ada@example.org", mail=["reminders"])

    assert answer.status_code == 409
    assert "they cannot all be off" in words(answer)
    assert 'name="mail" value="reminders" checked' in answer.text
    assert (await reach_of(pair.ada)).email is None


async def test_what_is_no_address_is_said_at_its_field(pair: Pair) -> None:
    answer = await chosen(pair.ada, email="ada at example.org", mail=["confirmations"])

    assert answer.status_code == 422
    assert "E-mail address must be an e-mail address" in words(answer)
    assert 'value="ada at example.org"' in answer.text


async def test_an_address_that_stays_stays_the_word_of_who_gave_it(pair: Pair) -> None:
    async with pair.ada.parts.engine.begin() as conn:
        await keep_address(conn, pair.ada.viewer.party, "ada@example.org", Source.SIGN_IN)

    await chosen(pair.ada, email="ada@example.org", mail=["suspensions"])
    assert (await reach_of(pair.ada)).source is Source.SIGN_IN

    await chosen(pair.ada, email="", mail=["suspensions"])
    reach = await reach_of(pair.ada)
    assert (reach.email, reach.source) == (None, Source.PERSON)


async def test_support_chooses_for_its_desk(meet: Meet) -> None:
    sam = await meet("support")

    answer = await chosen(sam, email="desk@example.org", mail=["standing"])

    assert answer.status_code == 303
    async with sam.parts.engine.begin() as conn:
        assert (await get_reach(conn, SUPPORT_DESK)).email == "desk@example.org"
        await keep_address(conn, SUPPORT_DESK, None, Source.PERSON)
