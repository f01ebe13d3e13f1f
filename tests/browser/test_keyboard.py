"""Work done with a keyboard alone; each stop shows that it has the focus."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.keyboard import tab_to
from tests.browser.town import founded


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="light"),
        pytest.param({"color_scheme": "dark"}, id="dark", marks=pytest.mark.long),
    ],
)
async def test_request_is_confirmed_with_a_keyboard(
    visit: Visit, address: str, options: dict[str, str]
) -> None:
    ida = await visit("provider", "Ida", **options)
    async with httpx.AsyncClient(base_url=address, timeout=30) as http:
        booking_id = await (await founded(http, ida)).booked(20, 21)

    await ida.open("/bookings")
    row = ida.page.locator(f"tr[data-key='{booking_id}']")
    await tab_to(ida.page, row.get_by_role("link", name="View"))
    await ida.page.keyboard.press("Enter")
    await expect(ida.page).to_have_url(f"{address}/bookings/{booking_id}")

    form = ida.page.locator("#confirm")
    await tab_to(ida.page, form.get_by_role("radio").first)
    await ida.page.keyboard.press("ArrowDown")
    await expect(form.get_by_role("radio").last).to_be_checked()
    await tab_to(ida.page, form.get_by_role("button", name="Confirm"))
    await ida.page.keyboard.press("Enter")
    await ida.sees("Confirmed.")


async def test_what_sticks_to_a_low_screen_covers_nothing(visit: Visit) -> None:
    ida = await visit("provider", "Ida", viewport={"width": 320, "height": 256})
    await ida.open("/settings")
    await tab_to(ida.page, ida.page.locator("main").get_by_role("link").last)
    await expect(ida.page.locator(".topbar")).not_to_be_in_viewport()


async def test_the_menu_closes_when_one_goes_on(visit: Visit) -> None:
    ida = await visit("provider", "Ida", viewport={"width": 320, "height": 640})
    await ida.open("/notices")
    summary, last = ida.page.locator(".menu summary"), ida.page.locator(".menu button")
    await tab_to(ida.page, summary)
    await ida.page.keyboard.press("Enter")
    await tab_to(ida.page, last)
    await ida.page.keyboard.press("Escape")
    await expect(last).to_be_hidden()
    await expect(summary).to_be_focused()

    await ida.page.keyboard.press("Enter")
    await expect(last).to_be_visible()
    await tab_to(ida.page, ida.page.locator("main").get_by_role("link").first)
    await expect(last).to_be_hidden()
