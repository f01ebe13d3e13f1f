"""What a browser is not given: what belongs to others, and what was not sent from its own pages."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.town import Town
from tests.browser.visitor import Visitor


@pytest.mark.parametrize("role", ["provider", pytest.param("client", marks=pytest.mark.long)])
async def test_what_belongs_to_others_is_not_there(visit: Visit, town: Town, role: str) -> None:
    stranger = await visit(role, "Mallory")
    booking = f"/bookings/{await town.booked(20)}"
    chat = f"/messages/{await town.conversation()}"
    pages = [booking, chat, f"/providers/{town.provider.id}", f"/topics/{town.topic['id']}"]
    forms = {
        f"{booking}/confirm": {"start": "2030-01-01T10:00:00Z"},
        f"{booking}/decline": {"reason": "Mine now."},
        f"{booking}/cancel": {"reason": "Mine now."},
        f"{booking}/logistics": {"note": "Mine now."},
        chat: {"text": "Mine now."},
        f"/topics/{town.topic['id']}/pause": {},
    }

    token = await stranger.csrf()
    for path in pages:
        assert (await stranger.open(path)).status == 404, path
        await expect(stranger.page.locator("h1")).to_have_text("There is nothing here")
    for path, fields in forms.items():
        answer = await stranger.context.request.post(path, form={**fields, "csrf": token})
        assert answer.status == 404, path


@pytest.mark.parametrize(
    "token", ["forged", pytest.param(None, id="missing", marks=pytest.mark.long)]
)
async def test_form_of_another_page_changes_nothing(
    ida: Visitor, town: Town, token: str | None
) -> None:
    booking_id = await town.booked(20)
    await ida.open(f"/bookings/{booking_id}")
    csrf = ida.page.locator("#confirm input[name=csrf]")
    await csrf.evaluate("(it, token) => token ? (it.value = token) : it.remove()", token)
    await ida.page.locator("#confirm").get_by_role("radio").first.check()
    async with ida.page.expect_navigation() as navigation:
        await ida.press("Confirm")

    assert (await (await navigation.value).all_headers())["content-type"].startswith("text/html")
    assert (await navigation.value).status == 403
    await ida.sees("could not be accepted")
    await ida.open(f"/bookings/{booking_id}")
    await expect(ida.page.locator("#confirm")).to_be_visible()


async def test_stale_form_shows_what_happened_and_what_can_still_be_done(
    ida: Visitor, town: Town
) -> None:
    # The script would bring the second tab up to date before anybody could press its button.
    await ida.context.route("**/live.js*", lambda route: route.abort())
    ida.expects("net::ERR_FAILED")
    path = f"/bookings/{await town.booked(20, 21)}"
    await ida.open(path)
    other_tab = await ida.context.new_page()
    await other_tab.goto(path)
    await other_tab.locator("#confirm").get_by_role("radio").first.check()
    await other_tab.get_by_role("button", name="Confirm", exact=True).click()
    await expect(other_tab.locator("main")).to_contain_text("Confirmed.")

    await ida.page.locator("#confirm").get_by_role("radio").last.check()
    async with ida.page.expect_navigation() as navigation:
        await ida.press("Confirm")

    assert (await navigation.value).status == 409
    await expect(ida.page.get_by_role("alert")).to_contain_text("Nothing was changed.")
    await expect(ida.page.get_by_role("alert")).to_be_focused()
    await expect(ida.page.locator("h1")).to_contain_text("Confirmed")
    await expect(ida.page.locator("#confirm")).to_have_count(0)
    form = await ida.unfold("Propose other times")
    await expect(form.get_by_role("button", name="Propose")).to_be_visible()
