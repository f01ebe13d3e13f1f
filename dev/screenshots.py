"""`python -m dev.screenshots`: takes the pictures of the documentation, on a stack of its own.

The demo people act through the API, as they would in the portal, until there is something to see;
then one of them signs in with a browser, and looks at it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.async_api import Browser, Page

from config import Settings
from dev.chromium import NoChromiumError, chromium
from dev.demo_stage import DemoError, Person, Stage, open_stage
from dev.stack import READY_LINE
from dev.trial import free_ports
from dev.ui_pictures import take_temporal_ui
from domain.instants import rfc3339
from domain.party import Role

_ROOT = Path(__file__).resolve().parent.parent
DIRECTORY = _ROOT / "docs" / "screenshots"

_DESK = {"width": 1280, "height": 800}
_PHONE = {"width": 390, "height": 844}
_STOP_SECONDS = 15


async def take(settings: Settings) -> None:
    """Plays until there is something to see, and takes the pictures."""
    address = f"http://127.0.0.1:{settings.http_port}"
    async with chromium() as browser, open_stage(settings) as stage:
        # Whoever has signed in once is known to the others by name and time zone.
        for name in ("Ada Brandt", "Grace Miller", "Yuki Tanaka", "Ben Okafor", "Sam Keller"):
            async with _signed_in(browser, address, name):
                pass
        shown = await Scenes.played(stage)
        async with _signed_in(browser, address, "Ada Brandt", viewport=_DESK) as page:
            for name, path in (
                ("bookings", "/bookings"),
                ("view", f"/bookings/{shown.pending}"),
                ("messages", f"/messages/{shown.conversation}"),
                ("standing", "/standing"),
            ):
                await _picture(page, name, path)
        async with _signed_in(
            browser, address, "Ada Brandt", viewport=_PHONE, color_scheme="dark"
        ) as page:
            await _picture(page, "view-phone-dark", f"/bookings/{shown.pending}")
        await take_temporal_ui(browser, settings, DIRECTORY, booking_id=shown.pending)


class Scenes:
    """What happens to Ada's bookings before the pictures are taken."""

    def __init__(self, ada: Person, clients: dict[str, Person], sam: Person) -> None:
        self._ada = ada
        self._clients = clients
        self._sam = sam
        self._topics: dict[str, str] = {}
        self.pending = ""
        self.conversation = ""

    @classmethod
    async def played(cls, stage: Stage) -> Scenes:
        """Everything, in order."""
        clients = {name: await stage.known_person(Role.CLIENT, name) for name in _CLIENTS}
        scenes = cls(
            await stage.known_person(Role.PROVIDER, "ada"),
            clients,
            await stage.known_person(Role.SUPPORT, "sam"),
        )
        await scenes._topics_are_listed()
        await scenes._sessions_are_cancelled()
        await scenes._sessions_are_booked()
        await scenes._session_is_moved()
        await scenes._session_is_asked_for()
        return scenes

    async def _topics_are_listed(self) -> None:
        for title, minutes in (
            ("Counterpoint for beginners", 60),
            ("Reading a full score", 90),
            ("Your first fugue", 45),
        ):
            topic = await self._ada.post(
                "/v1/topics", {"title": title, "duration_minutes": minutes}
            )
            self._topics[title] = topic["id"]

    async def _sessions_are_cancelled(self) -> None:
        """Two of them late, at the provider's request."""
        for name, days, reason in (
            ("yuki", 3, "I have lost my voice."),
            ("ben", 4, "My train home is cancelled."),
        ):
            path = await self._confirmed(name, "Reading a full score", days)
            await self._ada.post(f"{path}/ask-cancel", {"reason": reason})
            await self._clients[name].post(f"{path}/cancel", {"reason": "Ada asked me to."})
        path = await self._requested("grace", "Your first fugue", 9)
        await self._ada.post(
            f"{path}/decline",
            {"reason": "I am on tour that week.", "over_scheduling": True},
        )

    async def _sessions_are_booked(self) -> None:
        path = await self._confirmed("ben", "Counterpoint for beginners", 6)
        await self._ada.put(
            f"{path}/logistics",
            {"conference_url": "https://meet.example/counterpoint", "materials": "Fux, chapter 1"},
        )
        await self._confirmed("yuki", "Your first fugue", 8)
        await self._requested("yuki", "Counterpoint for beginners", 12, 13)

    async def _session_is_moved(self) -> None:
        """The client has accepted; support is to amend the date."""
        path = await self._confirmed("ben", "Your first fugue", 14)
        starts = [_in_days(16), _in_days(17)]
        await self._ada.post(
            f"{path}/propose-reschedule", {"starts": starts, "reason": "A concert came up."}
        )
        answer = {"accept": True, "start": starts[0]}
        await self._clients["ben"].post(f"{path}/answer-reschedule", answer)

    async def _session_is_asked_for(self) -> None:
        """The booking that is shown, and what its two parties talk about."""
        grace = self._clients["grace"]
        chat = await grace.post("/v1/conversations", {"provider_id": self._ada.id})
        self.conversation = chat["id"]
        path = f"/v1/conversations/{self.conversation}/messages"
        await grace.post(path, {"text": "Do I need to read music already?"})
        await self._ada.post(path, {"text": "No, we begin with that. Bring paper!"})
        asked = await self._requested("grace", "Counterpoint for beginners", 10, 11, 15)
        self.pending = asked.rpartition("/")[2]
        await grace.post(path, {"text": "Wonderful. I have asked for three times, any will do."})

    async def _requested(self, name: str, title: str, *days: int) -> str:
        client = self._clients[name]
        asked = await client.post(
            "/v1/bookings",
            {
                "topic_id": self._topics[title],
                "preferred_starts": [_in_days(each) for each in days],
                "note": _NOTES[name],
            },
        )
        path = f"/v1/bookings/{asked['id']}"
        await client.until(path, lambda it: it["state"] == "pending")
        return path

    async def _confirmed(self, name: str, title: str, days: int) -> str:
        path = await self._requested(name, title, days)
        await self._ada.post(f"{path}/confirm", {"start": _in_days(days)})
        await self._ada.until(path, lambda it: it["state"] == "confirmed")
        return path


_NOTES = {
    "ben": "I play the cello, and would like to understand what the other voices do.",
    "grace": "Your afternoons are my mornings, which suits me.",
    "yuki": "",
}
_CLIENTS = tuple(_NOTES)


def _in_days(days: int) -> str:
    noon = datetime.now(UTC).replace(hour=13, minute=0, second=0, microsecond=0)
    return rfc3339(noon + timedelta(days=days))


@asynccontextmanager
async def _signed_in(
    browser: Browser,
    address: str,
    name: str,
    **options: object,
) -> AsyncIterator[Page]:
    """A page before one of the demo people."""
    async with await browser.new_context(base_url=address, **options) as context:  # type: ignore[arg-type]
        page = await context.new_page()
        await page.goto("/sign-in")
        await page.get_by_role("button", name=name).click()
        await page.wait_for_url(lambda url: "sign-in" not in url)
        yield page


async def _picture(page: Page, name: str, path: str) -> None:
    response = await page.goto(path)
    if response is None or not response.ok:
        raise DemoError(f"{path} cannot be shown")
    # Live pages are never idle: the picture waits for their style and fonts alone.
    await page.wait_for_load_state("load")
    await page.screenshot(path=DIRECTORY / f"{name}.png", animations="disabled")
    print(f"{DIRECTORY.relative_to(_ROOT) / name}.png", flush=True)


@contextlib.contextmanager
def _stack() -> Iterator[Settings]:
    """A stack that nobody else uses, and that leaves nothing behind."""
    home = Path(tempfile.mkdtemp(prefix="keepdate-"))
    http, temporal, ui, metrics = free_ports(4)
    settings = Settings(
        data_dir=home / "data",
        http_port=http,
        temporal_port=temporal,
        temporal_ui_port=ui,
        metrics_port=metrics,
    )
    names = ("data_dir", "http_port", "temporal_port", "temporal_ui_port", "metrics_port")
    ours = {f"KEEPDATE_{name.upper()}": str(getattr(settings, name)) for name in names}
    command = [sys.executable, str(_ROOT / "cli.py"), "up"]
    try:
        with subprocess.Popen(
            command, env=os.environ | ours, stdout=subprocess.PIPE, text=True
        ) as running:
            try:
                _wait_until_ready(running)
                yield settings
            finally:
                running.terminate()
                running.wait(_STOP_SECONDS)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _wait_until_ready(running: subprocess.Popen[str]) -> None:
    for line in running.stdout or ():
        if READY_LINE in line:
            return
    raise DemoError("the stack does not start")


def main() -> None:
    """Starts the stack, takes the pictures, and stops the stack."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    try:
        with _stack() as settings:
            asyncio.run(take(settings))
    except (DemoError, NoChromiumError) as error:
        raise SystemExit(f"keepdate: {error}") from None


if __name__ == "__main__":
    main()
