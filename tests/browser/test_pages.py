"""Every page, of each role, in a place where everything has happened."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.accessibility import Inspector, too_long, too_wide
from tests.browser.conftest import Visit
from tests.browser.town import Town, everything_happens, founded
from tests.browser.visitor import Visitor

_NAME = "Wolfeschlegelsteinhausenbergerdorff" * 2
_ZONE = "America/Argentina/Buenos_Aires"
_LEAST = 8
"""So many pages at least are not alike for anybody."""

_SHAPE = """() => [...document.querySelectorAll("h1, h2, main form, main .badge, main .notice")]
    .map((each) => each.matches("form") ? each.id : each.className + each.localName)
    .join()"""


@pytest.fixture
async def people(visit: Visit, address: str) -> dict[str, Visitor]:
    """Three people who have a history, by their roles."""
    found = {
        "provider": await visit("provider", f"Ida <b class=injected>{_NAME}</b>", "Europe/Berlin"),
        "client": await visit("client", f"Tim <b class=injected>{_NAME}</b>", _ZONE),
        "support": await visit("support", "Eve <b class=injected>Keller</b>", "Asia/Kolkata"),
    }
    async with httpx.AsyncClient(base_url=address, timeout=30) as http:
        await everything_happens(await founded(http, *found.values()))
    return found


@pytest.mark.long
async def test_every_page_is_for_everybody_and_shows_text_as_text(
    people: dict[str, Visitor],
) -> None:
    wrong: list[str] = []
    inspector = Inspector()
    for visitor in people.values():
        await inspector.sit_beside(visitor.context)
        shapes = set()
        async for path in _every_page(visitor):
            # Of bookings that stand alike, one is enough.
            shape = (path.rpartition("/")[0], await visitor.page.evaluate(_SHAPE))
            if shape not in shapes:
                shapes.add(shape)
                findings = await _findings(visitor, inspector)
                wrong += [f"{visitor.role} {path}: {found}" for found in findings]
        assert len(shapes) >= _LEAST
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
async def test_forced_colours_mark_the_tab_of_the_page_alone(visit: Visit) -> None:
    ida = await visit("provider", "Ida", forced_colors="active")
    await ida.open("/topics")
    marked = """all => all
        .filter((each) => {
            const { borderBottomColor } = getComputedStyle(each);
            return borderBottomColor !== getComputedStyle(document.body).backgroundColor;
        })
        .map((each) => each.textContent.trim())"""
    assert await ida.page.locator(".tabs a").evaluate_all(marked) == ["Topics"]


async def test_on_paper_a_page_says_in_which_zone_its_times_are(ida: Visitor, town: Town) -> None:
    await ida.open(f"/bookings/{await town.confirmed(40)}")
    await ida.page.emulate_media(media="print")
    await expect(ida.page.locator("footer")).to_have_text(
        "Times are in Europe/Berlin.", use_inner_text=True
    )
    await expect(ida.page.locator("summary", has_text="Propose other times")).to_be_hidden()


async def test_whoever_goes_back_finds_the_times_that_they_chose(ida: Visitor, town: Town) -> None:
    await ida.open(f"/bookings/{await town.confirmed(40)}")
    form = await ida.unfold("Propose other times")
    chosen = form.get_by_label("Time 1")
    await chosen.fill("2999-01-01T10:00")
    await ida.press("Another time zone", within=form)
    await expect(ida.page).to_have_title("Settings · Keepdate")
    await ida.page.go_back()
    await expect(chosen).to_have_value("2999-01-01T10:00")


async def _findings(visitor: Visitor, inspector: Inspector) -> list[str]:
    found = [*await too_wide(visitor.page), *await too_long(visitor.page)]
    found += await inspector.violations(visitor.page)
    injected = await visitor.page.evaluate(
        "() => document.querySelectorAll('.injected').length + (window.injected || 0)"
    )
    return [*found, "markup that somebody wrote became part of the page"] if injected else found


async def _every_page(visitor: Visitor) -> AsyncIterator[str]:
    """Opens each page that links lead to, from where the visitor begins."""
    waiting = deque(["/"])
    known = set(waiting)
    while waiting:
        path = waiting.popleft()
        response = await visitor.open(path)
        assert response.status == 200, path
        yield path
        links = await visitor.page.locator("a[href^='/']").evaluate_all(
            "all => all.map((each) => each.getAttribute('href'))"
        )
        # The filters and pages of a list are the list again; a file with an ending is no page.
        for there in dict.fromkeys(urlsplit(link).path for link in links):
            if there not in known and "." not in there:
                known.add(there)
                waiting.append(there)
