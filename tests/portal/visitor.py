"""Somebody signed in whom no other test knows, and what they do on the pages."""

from __future__ import annotations

import base64
import html
import json
import re
from calendar import monthrange
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI
from itsdangerous import TimestampSigner

from api.portal.names import introduce
from api.portal.session import Viewer, cookie_name
from api.services import Services
from config import Settings
from db.ids import new_id
from db.stores.topics import insert_topic
from domain.party import Party, Role
from tests.portal.browser import Browser


@dataclass
class Visitor(Browser):
    """A person with a browser, who is signed in."""

    viewer: Viewer
    parts: Services

    @property
    def id(self) -> str:
        """Their id at the marketplace."""
        return self.viewer.id

    async def offers(self, title: str = "Watercolours") -> str:
        """A topic that they offer; its id."""
        async with self.parts.engine.begin() as conn:
            return await insert_topic(
                conn,
                provider_id=self.id,
                title=title,
                description="",
                duration_minutes=60,
                now=datetime.now(UTC),
            )

    async def asks(self, topic_id: str, *starts: str, note: str = "") -> str:
        """Asks for a session, by the form; the path of its page."""
        path = f"/request/{topic_id}"
        times = {f"start_{number}": start for number, start in enumerate(starts, 1)}
        answer = await self.send(await self.get(path), path, note=note, **times)
        assert answer.status_code == 303, words(answer)
        return answer.headers["location"]

    async def does(self, path: str, command: str, **written: str) -> httpx.Response:
        """Sends a form of a booking's page, and follows to what comes of it."""
        answer = await self.send(await self.get(path), f"{path}/{command}", **written)
        assert answer.status_code == 303, words(answer)
        return await self.get(answer.headers["location"])

    async def says(self, chat: str, text: str) -> httpx.Response:
        """Sends a message, by the form."""
        return await self.send(await self.get(chat), chat, text=text)


async def signed_in(
    app: FastAPI, role: str, *, name: str = "", zone: str = "Europe/Berlin"
) -> Visitor:
    """Somebody new, signed in as the portal itself would have done it. Close their `http`."""
    settings: Settings = app.state.settings
    person = new_id()
    viewer = Viewer(
        party=Party(role=Role(role), id=f"{role}-{person}"),
        name=name or f"{role.title()} {person[-6:]}",
        zone=ZoneInfo(zone),
    )
    await introduce(app.state.services, viewer)
    held = {"role": role, "id": viewer.id, "name": viewer.name, "zone": zone}
    since = int(datetime.now(UTC).timestamp())
    session = base64.b64encode(json.dumps({"person": held, "since": since}).encode())
    cookie = TimestampSigner(settings.require_session_secret()).sign(session).decode()
    http = connected(app)
    # With the domain that the portal's own answers come with, so that they replace it.
    http.cookies.set(cookie_name(settings), cookie, domain="keepdate.test", path="/")
    return Visitor(http=http, viewer=viewer, parts=app.state.services)


@asynccontextmanager
async def arriving(app: FastAPI) -> AsyncIterator[Callable[..., Awaitable[Visitor]]]:
    """Signs in somebody new whenever it is called, by role; in the end all of them have left."""
    async with AsyncExitStack() as stack:

        async def somebody(role: str, **about: str) -> Visitor:
            visitor = await signed_in(app, role, **about)
            await stack.enter_async_context(visitor.http)
            return visitor

        yield somebody


def connected(app: FastAPI) -> httpx.AsyncClient:
    """A way to a portal that is served already. Close it."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://keepdate.test")


def local(days: int, zone: str = "Europe/Berlin", hour: int = 10) -> str:
    """Some hour of a day, as a browser sends it from a field of a local date and time."""
    there = datetime.now(ZoneInfo(zone)) + timedelta(days=days)
    return there.strftime(f"%Y-%m-%dT{hour:02}:00")


def changes_of_clocks() -> tuple[str, str]:
    """Half past two in Berlin on the next day that lacks it, and on the next that has it twice."""
    year = datetime.now(ZoneInfo("Europe/Berlin")).year + 1
    days = [date(year, month, monthrange(year, month)[1]).toordinal() for month in (3, 10)]
    spring, autumn = (
        date.fromordinal(day - date.fromordinal(day).isoweekday() % 7) for day in days
    )
    return f"{spring}T02:30", f"{autumn}T02:30"


def this_minute(zone: str = "Europe/Berlin") -> str:
    """What the clock on somebody's wall shows, as a browser sends it."""
    return datetime.now(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def instant(written: str, zone: str = "Europe/Berlin") -> str:
    """The instant of a local date and time, as forms choose it."""
    there = datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone))
    return there.astimezone(UTC).isoformat().replace("+00:00", "Z")


def words(page: httpx.Response) -> str:
    """What a page says, without its elements."""
    body = page.text.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body))).replace(" .", ".")


def actions_on(page: httpx.Response) -> set[str]:
    """Where the forms of a page lead to: the last part of each address."""
    main = page.text.partition("<main")[2]
    return {
        action.rpartition("/")[2] for action in re.findall(r'method="post" action="([^"]+)"', main)
    }
