"""A session in one's calendar, and the address of the calendar, by the pages."""

from __future__ import annotations

import re

from tests.portal.conftest import Meet
from tests.portal.pair import Pair
from tests.portal.visitor import words

_ADDRESS = r'value="https?://[^/"]+(/v1/calendars/[^"]+\.ics)"'


async def test_a_session_is_added_to_a_calendar_from_its_page(pair: Pair, meet: Meet) -> None:
    path = await pair.confirmed()
    assert f'href="{path}/invite.ics"' in (await pair.yuki.get(path)).text
    invite = await pair.yuki.get(f"{path}/invite.ics")
    assert invite.headers["content-type"].startswith("text/calendar; method=REQUEST")
    stranger = await meet("client")
    assert (await stranger.get(f"{path}/invite.ics")).status_code == 404


async def test_a_calendar_gets_an_address_and_loses_it(pair: Pair) -> None:
    path = await pair.confirmed()
    yuki = pair.yuki
    page = await yuki.send(await yuki.get("/settings"), "/settings/calendar")
    found = re.search(_ADDRESS, page.text)
    assert found
    assert page.headers["cache-control"] == "no-store"
    assert path.rpartition("/")[2] in (await yuki.get(found[1])).text

    again = await yuki.get("/settings")
    assert found[1] not in again.text
    done = await yuki.send(again, "/settings/calendar/close")
    assert "leads nowhere" in words(await yuki.get(done.headers["location"]))
    assert (await yuki.get(found[1])).status_code == 404


async def test_a_form_sent_again_changes_no_address_of_a_calendar(pair: Pair) -> None:
    settings = await pair.yuki.get("/settings")
    found = [
        re.findall(_ADDRESS, (await pair.yuki.send(settings, "/settings/calendar")).text)
        for _ in range(2)
    ]
    assert found[0] == found[1] != []
    assert (await pair.yuki.get(found[0][0])).status_code == 200

    await pair.yuki.send(await pair.yuki.get("/settings"), "/settings/calendar/close")
    answer = await pair.yuki.send(settings, "/settings/calendar")
    assert re.findall(_ADDRESS, answer.text) == []
    assert (await pair.yuki.get(found[0][0])).status_code == 404


async def test_support_has_no_calendar_of_its_own(meet: Meet) -> None:
    support = await meet("support")
    page = await support.get("/settings")
    assert "Your calendar" not in words(page)
    forged = {"csrf": await support.csrf()}
    assert (await support.post("/settings/calendar", forged)).status_code == 404
