"""The list of bookings, as each of the two sees it."""

from __future__ import annotations

import pytest

from tests.db.player import requested
from tests.portal.conftest import Meet
from tests.portal.pair import WHEN, Pair, in_tokyo
from tests.portal.visitor import local, words

SCRIPT = "<script>alert(1)</script>"


async def test_a_request_waits_for_its_provider(pair: Pair) -> None:
    path = await pair.pending(in_tokyo(WHEN), in_tokyo(local(21)), note=f"I am new. {SCRIPT}")
    for visitor, other in ((pair.ada, "Yuki Tanaka"), (pair.yuki, "Ada Lovelace")):
        listed = await visitor.get("/bookings")
        assert f'href="{path}"' in listed.text
        assert all(each in words(listed) for each in ("Watercolours", other, "or 1 more"))
    assert "Answer by" in words(await pair.ada.get("/bookings"))
    assert "The provider answers by" in words(await pair.yuki.get("/bookings"))


async def test_bookings_are_counted_filtered_and_searched(pair: Pair, meet: Meet) -> None:
    second = await pair.ada.offers("Portraits")
    grace = await meet("client", name="Grace Hopper")
    first = await pair.confirmed()
    other = await grace.asks(second, local(30))
    paths = {
        "": {first, other},
        "state=confirmed": {first},
        "state=declined": set(),
        "q=hopper": {other},
        "q=PORTRAIT": {other},
        "q=yuki&state=pending": set(),
        "q=%25": set(),
        "q=%00": {first, other},
    }
    for query, expected in paths.items():
        page = await pair.ada.get(f"/bookings?{query}")
        shown = {path for path in (first, other) if f'href="{path}"' in page.text}
        assert shown == expected, query
        assert "All 2 Pending 1 Confirmed 1 Declined 0" in words(page)
    assert "hopper" in (await pair.ada.get("/bookings?q=hopper")).text
    found = await grace.get("/bookings?q=lovelace")
    assert other in found.text
    assert first not in found.text


async def test_bookings_are_shown_page_by_page(pair: Pair) -> None:
    for _ in range(26):
        await requested(
            pair.ada.parts.engine,
            provider_id=pair.ada.id,
            client_id=pair.yuki.id,
            topic_id=pair.topic,
        )
    first = await pair.ada.get("/bookings?state=pending&q=tanaka")
    older = first.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = await pair.ada.get(older)
    assert [page.text.count("<tr data-key=") for page in (first, second)] == [25, 1]
    assert "Back to the newest" in words(second)
    assert (await pair.ada.get("/bookings?after=nonsense")).status_code == 422


@pytest.mark.parametrize(
    ("role", "told"),
    [("client", "You have no bookings yet"), ("provider", "Nobody has asked for a session yet")],
)
async def test_an_empty_list_says_what_to_do(meet: Meet, role: str, told: str) -> None:
    visitor = await meet(role)
    assert told in words(await visitor.get("/bookings"))
    assert "Nothing matches “x”" in words(await visitor.get("/bookings?q=x"))
    assert "No declined bookings" in words(await visitor.get("/bookings?state=declined"))
