"""Coming in, choosing a time zone, and going, with a keyboard alone."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.keyboard import tab_to


@pytest.mark.parametrize(
    "scripts",
    [
        pytest.param(True, id="with-scripts", marks=pytest.mark.long),
        pytest.param(False, id="without-scripts"),
    ],
)
async def test_keyboard_is_enough_to_come_in_choose_a_zone_and_go(
    browser: Browser, address: str, scripts: bool
) -> None:
    async with await browser.new_context(base_url=address, java_script_enabled=scripts) as context:
        page = await context.new_page()
        await page.goto("/settings")
        await _press(page, "Grace Miller")
        await expect(page).to_have_url(f"{address}/settings")

        zone = page.get_by_label("Time zone")
        await tab_to(page, zone)
        await zone.select_option("Asia/Tokyo")
        await _press(page, "Save")
        await expect(page.locator("footer")).to_contain_text("Times are in Asia/Tokyo")

        menu = page.locator("summary", has_text="Grace Miller")
        await tab_to(page, menu)
        await page.keyboard.press("Enter")
        await _press(page, "Sign out")
        await expect(page.get_by_role("status")).to_have_text("You are signed out.")


async def _press(page: Page, name: str) -> None:
    button = page.get_by_role("button", name=name)
    await tab_to(page, button)
    await page.keyboard.press("Enter")
