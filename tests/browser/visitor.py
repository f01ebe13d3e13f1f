"""Somebody at a screen: a browser of their own, in which they are signed in."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

from itsdangerous import TimestampSigner
from playwright.async_api import BrowserContext, Locator, Page, Response, expect

from config import DEVELOPMENT_SESSION_SECRET

LIVE_MILLISECONDS = 8_000
"""How long a change may take to show on a busy machine; shorter than any time-out of the portal."""

COOKIE = "keepdate"


def session_cookie(role: str, person_id: str, name: str, zone: str) -> str:
    """What the portal gives to somebody who has signed in. Tests need people of their own, and on
    the sign-in page there are only the demo people."""
    session = {"person": {"role": role, "id": person_id, "name": name, "zone": zone}}
    data = base64.b64encode(json.dumps(session).encode())
    return TimestampSigner(DEVELOPMENT_SESSION_SECRET).sign(data).decode()


@dataclass
class Visitor:
    """A person and the page before them."""

    role: str
    id: str
    name: str
    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)
    """What the browser itself complained of: errors of scripts, refusals by the policy."""

    async def open(self, path: str) -> Response:
        """Opens an address of the portal."""
        response = await self.page.goto(path)
        assert response is not None, path
        return response

    async def press(self, name: str, within: Locator | None = None) -> None:
        """Presses a button, or follows a link that looks like one."""
        place = within or self.page.locator("main")
        button = place.get_by_role("button", name=name, exact=True)
        link = place.get_by_role("link", name=name, exact=True)
        await button.or_(link).first.click()

    async def follow(self, name: str) -> None:
        """Goes to one of the areas at the top of the page."""
        areas = self.page.get_by_role("navigation", name="Areas")
        await areas.get_by_role("link", name=name).click()

    async def unfold(self, summary: str) -> Locator:
        """Opens something that is folded away, unless it is open already."""
        folded = self.page.locator("main details").filter(
            has=self.page.locator("summary", has_text=summary)
        )
        if await folded.first.get_attribute("open") is None:
            await folded.first.locator("summary").first.click()
        return folded.first

    async def sees(self, text: str) -> None:
        """Waits until a text shows on the page as it stands, without loading it anew."""
        await expect(self.page.locator("main")).to_contain_text(text, timeout=LIVE_MILLISECONDS)
