"""Conversations that are longer than a screen."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import ViewportSize, expect

from tests.browser.accessibility import too_long
from tests.browser.conftest import Visit
from tests.browser.town import founded

_SCREENS = (ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900))

_LEFT = """(paragraph, words) => {
    const leftOf = (word) => {
        const texts = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const at = texts.currentNode.data.indexOf(word);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(texts.currentNode, at);
            range.setEnd(texts.currentNode, at + word.length);
            return range.getBoundingClientRect().left;
        }
    };
    return words.sort((one, other) => leftOf(one) - leftOf(other));
}"""
"""Words of a paragraph, as they come from left to right."""


@pytest.mark.long
async def test_a_conversation_opens_at_its_newest_message(visit: Visit, address: str) -> None:
    tim = await visit("client", "Tim", java_script_enabled=False)
    ida = await visit("provider", "Ida")
    async with httpx.AsyncClient(base_url=address, timeout=30) as http:
        town = await founded(http, ida, tim)
        for days in range(20, 36):
            await town.booked(days)

    for reader, other in ((tim, ida), (ida, tim)):
        for screen in _SCREENS:
            await reader.page.set_viewport_size(screen)
            await reader.open("/messages")
            areas = reader.page.get_by_role("navigation", name="Areas")
            await expect(areas.get_by_role("link").last).to_be_in_viewport(ratio=1)
            await reader.page.get_by_role("link", name=other.name).click()
            await expect(reader.page.locator(".card").last).to_be_in_viewport()
            assert await too_long(reader.page) == []

    await ida.page.emulate_media(media="print")
    left_out = "it => it.scrollHeight - it.clientHeight"
    assert await ida.page.locator("#chat").evaluate(left_out) == 0


async def test_each_message_goes_in_its_own_direction(visit: Visit, address: str) -> None:
    noa, ida = await visit("client", "Noa נועה"), await visit("provider", "Ida")
    async with httpx.AsyncClient(base_url=address, timeout=30) as http:
        town = await founded(http, ida, noa)
        chat = await town.conversation()
        await town.says(chat, "שלום!")
    await ida.open(f"/messages/{chat}")
    about, said = await ida.page.locator(".bubble p").all()
    # The sign ends the sentence, whose end is on the left; the time comes after the name.
    assert await said.evaluate(_LEFT, ["!", "שלום"]) == ["!", "שלום"]
    assert await about.evaluate(_LEFT, [":", "נועה"]) == ["נועה", ":"]
