"""The page of the API's description works under the rules that keep the portal safe."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit


@pytest.mark.long
async def test_the_description_is_shown_and_can_be_tried(visit: Visit, address: str) -> None:
    developer = await visit("provider", "Dora")
    page, asked = developer.page, set[str]()
    page.on("request", lambda request: asked.add(request.url))
    await page.goto("/docs")
    operation = page.locator(".opblock", has_text="/v1/topics").first
    await expect(operation).to_be_visible()
    await operation.locator(".opblock-summary").click()
    await operation.get_by_role("button", name="Try it out").click()
    developer.expects("401")
    async with page.expect_response("**/v1/topics**") as answer:
        await operation.get_by_role("button", name="Execute").click()
    assert (await answer.value).status == 401
    await expect(operation.locator(".live-responses-table")).to_contain_text("unauthenticated")
    assert all(url.startswith((address, "data:")) for url in asked)
