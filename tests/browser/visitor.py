"""Somebody at a screen: a browser of their own, in which they are signed in."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field

from itsdangerous import TimestampSigner
from playwright.async_api import BrowserContext, Locator, Page, Response, expect

from config import DEVELOPMENT_SESSION_SECRET
from tests.api.marketplace import until

LIVE_MILLISECONDS = 30_000
"""How long a change may take to show on a busy machine; shorter than any time-out of the portal
by which it would be seen without having been told."""

COOKIE = "keepdate"

# Chromium complains of each page whose status tells a refusal, which is what tests look at.
_STATUS = "Failed to load resource: the server responded with a status"


def session_cookie(role: str, person_id: str, name: str, zone: str) -> str:
    """What the portal gives to somebody who has signed in. Tests need people of their own, and on
    the sign-in page there are only the demo people."""
    person = {"role": role, "id": person_id, "name": name, "zone": zone}
    session = {"person": person, "since": int(time.time())}
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
    has_scripts: bool = True
    problems: list[str] = field(default_factory=list)
    """What the browser itself complained of: errors of scripts, refusals by the policy."""

    expected: list[str] = field(default_factory=lambda: [_STATUS])

    async def open(self, path: str) -> Response:
        """Opens an address of the portal."""
        response = await self.page.goto(path)
        assert response is not None, path
        return response

    async def press(self, name: str, within: Locator | None = None) -> None:
        """Presses a button, or follows a link that looks like one."""
        place = within or self.page.locator("main")
        button = place.get_by_role("button", name=name)
        link = place.get_by_role("link", name=name)
        await button.or_(link).first.click()

    async def follow(self, name: str) -> None:
        """Goes to one of the areas at the top of the page."""
        areas = self.page.get_by_role("navigation", name="Areas")
        await areas.get_by_role("link", name=name).click()

    async def csrf(self) -> str:
        """The secret of this browser's forms, as any of its pages holds it."""
        await self.open("/settings")
        return await self.page.locator("main input[name=csrf]").first.input_value()

    def expects(self, problem: str) -> None:
        """Leaves out what the browser complains of in these words, for the test wants it."""
        self.expected.append(problem)

    def complain(self, problem: str) -> None:
        """Takes down what the browser complains of."""
        if not any(each in problem for each in self.expected):
            self.problems.append(problem)

    async def unfold(self, summary: str) -> Locator:
        """Opens something that is folded away, unless it is open already."""
        folded = self.page.locator("main details").filter(
            has=self.page.locator("summary", has_text=summary)
        )
        if await folded.first.get_attribute("open") is None:
            await folded.first.locator("summary").first.click()
        return folded.first

    async def write(self, texts: dict[str, str], within: Locator | None = None) -> None:
        """Fills in fields by their labels."""
        place = within or self.page.locator("main")
        for label, text in texts.items():
            field_ = place.get_by_label(label).and_(self.page.locator("input, textarea"))
            await field_.first.fill(text)

    def card(self, title: str, provider: Visitor) -> Locator:
        """What is told of a topic, among those that can be found."""
        told = self.page.locator("main li")
        return told.filter(has_text=title).filter(has_text=provider.name)

    async def hears(self, text: str) -> None:
        """Waits until somebody else's doing shows: by itself, or without scripts on a reload."""
        if not self.has_scripts:
            await until(self._anew, lambda told: text in told)
            return
        await self.page.evaluate("() => { window.stayed = true }")
        await self.sees(text)
        assert await self.page.evaluate("() => window.stayed"), "the page was loaded anew"

    async def _anew(self) -> str:
        """What the page tells once it is loaded again."""
        await self.page.reload()
        told = await self.page.locator("main").text_content()
        return " ".join((told or "").split())

    async def sees(self, text: str) -> None:
        """Waits until a text shows on the page as it stands, without loading it anew."""
        await expect(self.page.locator("main")).to_contain_text(text, timeout=LIVE_MILLISECONDS)
