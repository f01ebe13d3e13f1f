"""Pictures of the real Temporal UI: the list by a saved query, a timeline, and a card."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from playwright.async_api import Browser, Page

from config import Settings
from config_temporal import workflows_page
from domain.workflow_ids import BOOKINGS, booking_workflow_id
from workflows.saved_queries import SAVED_QUERIES

_DESK = {"width": 1280, "height": 960}
_LISTED = "late cancellations this week"


async def take_temporal_ui(
    browser: Browser, settings: Settings, directory: Path, *, booking_id: str
) -> None:
    """Looks at a stack as its operators do, at one booking of it above all."""
    [query] = [each for each in SAVED_QUERIES if each.name == _LISTED]
    listed = quote(query.at(datetime.now(UTC)), safe="")
    booking = quote(booking_workflow_id(booking_id), safe="")
    base = workflows_page(settings)
    async with await browser.new_context(viewport=_DESK) as context:  # type: ignore[arg-type]
        page = await context.new_page()
        await page.goto(f"{base}?query={listed}")
        cancelled = page.get_by_role("link", name=BOOKINGS).first
        await cancelled.wait_for()
        await _picture(page, directory / "temporal-list.png")
        await cancelled.click()
        await page.get_by_text("report-late-event").wait_for()
        # The timeline is the last thing on the page, and its beginning is at the bottom.
        await page.get_by_text("remind (answer-half-time)").last.scroll_into_view_if_needed()
        await _picture(page, directory / "temporal-timeline.png")
        await page.goto(f"{base}/{booking}")
        await page.get_by_text("User Metadata").click()
        # Markdown of workflows is shown in a frame, which keeps it from the rest of the page.
        card = page.frame_locator("iframe").last.get_by_text("Waits for")
        await card.wait_for()
        await _picture(page, directory / "temporal-card.png")


async def _picture(page: Page, path: Path) -> None:
    await page.screenshot(path=path, animations="disabled")
    print(f"docs/screenshots/{path.name}", flush=True)
