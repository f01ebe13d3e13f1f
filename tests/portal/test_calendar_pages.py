"""A session in one's calendar, and the address of the calendar, by the pages."""

from __future__ import annotations

import re

from tests.portal.conftest import Meet
from tests.portal.pair import Pair
from tests.portal.visitor import words


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
    found = re.search(r'value="https?://[^/"]+(/v1/calendars/[^"]+\.ics)"', page.text)
    assert found
    assert page.headers["cache-control"] == "no-store"
    assert path.rpartition("/")[2] in (await yuki.get(found[1])).text

    again = await yuki.get("/settings")
    assert found[1] not in again.text
    done = await yuki.send(again, "/settings/calendar/close")
    assert "leads nowhere" in words(await yuki.get(done.headers["location"]))
    assert (await yuki.get(found[1])).status_code == 404


async def test_support_has_no_calendar_of_its_own(meet: Meet) -> None:
    support = await meet("support")
    page = await support.get("/settings")
    assert "Your calendar" not in words(page)
    forged = {"csrf": await support.csrf()}
    assert (await support.post("/settings/calendar", forged)).status_code == 404
