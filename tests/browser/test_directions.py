"""In which direction the text of a page goes, whatever people put into what stands beside it."""

from __future__ import annotations

from playwright.async_api import Browser

from api.portal.rendering import STATIC_DIRECTORY

BEFORE = """(id) => {
    const text = document.getElementById(id).firstChild;
    const left = (at) => {
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        return range.getBoundingClientRect().left;
    };
    return left(0) < left(text.length - 1);
}"""


async def test_the_name_of_a_link_turns_nothing_around_beside_it(browser: Browser) -> None:
    page = await browser.new_page()
    try:
        # As a document of a proof is shown: an address read backwards may be another's.
        await page.set_content(
            '<ul><li><a href="https://gro.live">scan.pdf\u202e</a>'
            ' <span id="address">https://gro.live/gro.elpmaxe//:sptth</span></li></ul>'
        )
        assert not await page.evaluate(BEFORE, "address")
        await page.add_style_tag(path=STATIC_DIRECTORY / "portal.css")
        assert await page.evaluate(BEFORE, "address")
    finally:
        await page.close()
