"""Every cell of the table of who may do what on the pages, asked of the portal itself."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, fields
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from api.app import create_app
from api.portal.paths import is_page
from config import Settings
from db.ids import new_id
from db.queries.webhooks import list_deliveries
from tests.portal.browser import Browser, forms_of
from tests.portal.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from tests.portal.pair import WHEN, Pair
from tests.portal.permissions import PERMISSIONS, Answers, Cell
from tests.portal.test_forms import routes
from tests.portal.visitor import Visitor, arriving, connected, instant, local, words

COLUMNS = [column.name for column in fields(Answers)]
ANSWERED = {204: Cell.NOTHING, 403: Cell.REFUSED, 404: Cell.HIDDEN}
LATER = local(22)
STREAM = "GET /live"

Arrive = Callable[..., Awaitable[Visitor]]


@dataclass(frozen=True, kw_only=True)
class Things:
    """What a page can be about, whose it is, and who else is there."""

    pair: Pair
    arrive: Arrive
    nobody: Browser
    known: dict[str, str]

    async def asks(self, page: str, column: str) -> Browser:
        """Who asks, in a column of the table."""
        if column == "not_there":
            may = PERMISSIONS[page].answers
            column = next(
                role for role in ("support", "provider", "client") if getattr(may, role) is Cell.YES
            )
        match column:
            case "nobody":
                return self.nobody
            case "provider":
                return self.pair.ada
            case "client":
                return self.pair.yuki
            case _:
                return await self.arrive(column.removeprefix("other_"))

    def path(self, page: str, column: str) -> str:
        """The address, with what is asked for put in."""
        known = self.known if column != "not_there" else dict.fromkeys(self.known, new_id())
        return page.partition(" ")[2].format_map(known)

    def written(self, page: str) -> dict[str, str]:
        """What the form is filled in with."""
        return {
            name: self.known[value[1:]] if value.startswith("$") else value
            for name, value in PERMISSIONS[page].written.items()
        }


@pytest.fixture(scope="session")
async def whole_portal(town: FastAPI) -> AsyncIterator[FastAPI]:
    """The portal with the worker of its tier, and an identity provider too."""
    async with identity_provider() as provider:
        settings: Settings = town.state.settings
        app = create_app(
            settings.model_copy(
                update={
                    "oidc_discovery_url": provider.discovery_url,
                    "oidc_client_id": CLIENT_ID,
                    "oidc_client_secret": CLIENT_SECRET,
                }
            )
        )
        async with app.router.lifespan_context(app):
            yield app


@pytest.fixture
async def arrive(whole_portal: FastAPI) -> AsyncIterator[Arrive]:
    """Signs in somebody new, by role."""
    async with arriving(whole_portal) as somebody:
        yield somebody


@pytest.fixture
async def nobody(whole_portal: FastAPI) -> AsyncIterator[Browser]:
    """A browser in which nobody is signed in."""
    async with connected(whole_portal) as http:
        yield Browser(http)


async def _things(arrive: Arrive, nobody: Browser, page: str) -> Things:
    """Something of each kind that the page is about."""
    row = PERMISSIONS[page]
    about = f"{page} {row.written}"
    ada, yuki = await arrive("provider"), await arrive("client", zone="Asia/Tokyo")
    pair = Pair(ada, yuki, await ada.offers())
    known = {
        "topic_id": pair.topic,
        "provider_id": ada.id,
        "client_id": yuki.id,
        "start": instant(WHEN),
        "later": LATER,
        "claim_id": "e1",
        "proof_id": "proof-1",
    }
    if "webhook_id" in about:
        listed = await ada.get("/webhooks")
        added = await ada.send(listed, "/webhooks", url="https://hooks.example.org/")
        known["webhook_id"] = _first(r'action="/webhooks/([^/"]+)"', added)
    if "booking_id" in about or "delivery_id" in about:
        path = await (pair.confirmed() if row.confirmed else pair.pending())
        known["booking_id"] = path.rpartition("/")[2]
    if "delivery_id" in about:
        async with ada.parts.engine.connect() as conn:
            log = await list_deliveries(conn, known["webhook_id"], limit=1)
        known["delivery_id"] = log[0].id
    if "conversation_id" in about or "client_id" in about:
        await pair.pending()
        chats = await yuki.get("/messages")
        known["conversation_id"] = _first(r'href="/messages/([^/"?#]+)', chats)
    return Things(pair=pair, arrive=arrive, nobody=nobody, known=known)


def _first(pattern: str, page: httpx.Response) -> str:
    found = re.search(pattern, page.text)
    assert found, words(page)
    return found[1]


async def _ask(app: FastAPI, things: Things, page: str, column: str) -> httpx.Response:
    method, path = page.partition(" ")[0], things.path(page, column)
    visitor = await things.asks(page, column)
    if page == STREAM:
        return httpx.Response(await _status(app, path, visitor))
    if method == "GET":
        return await visitor.get(path)
    # Whoever may not see the page with the form could send it all the same, from another one.
    own = "/settings" if isinstance(visitor, Visitor) else "/sign-in"
    [form, *_] = forms_of(await visitor.get(own), own)
    sent = {"csrf": form.fields["csrf"], "command_id": new_id(), **things.written(page)}
    return await visitor.post(path, sent)


async def _status(app: FastAPI, path: str, visitor: Browser) -> int:
    """The status of an answer that would never end: whoever asks is gone as soon as it begins."""
    cookies = SimpleCookie(dict(visitor.http.cookies)).output(header="", sep=";").strip()
    begun: list[int] = []
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("keepdate.test", 80),
        "headers": [(b"host", b"keepdate.test"), (b"cookie", cookies.encode())],
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            begun.append(message["status"])

    await app(scope, receive, send)
    return begun[0]


def _cell(answer: httpx.Response) -> Cell:
    status = answer.status_code
    # A form that is forged or not understood says nothing about who may send it.
    assert status < 500, words(answer)
    assert status not in (400, 405, 413, 422), words(answer)
    assert "not sent from a page of your present session" not in answer.text
    if answer.headers.get("location", "").startswith("/sign-in?next="):
        return Cell.SIGN_IN
    if status == 409 and "A provider cannot cancel" in words(answer):
        return Cell.NEVER
    return ANSWERED.get(status, Cell.YES)


def test_every_page_and_form_has_a_row(portal: FastAPI) -> None:
    served = {
        f"{method} {path.replace(':path}', '}')}"
        for path, methods in routes(portal)
        if is_page(path)
        for method in methods - {"HEAD"}
    }
    hint = "say who may do it in tests/portal/permissions.py, and run `make docs`"
    assert served == set(PERMISSIONS), hint


@pytest.mark.parametrize("page", PERMISSIONS)
async def test_each_cell_is_what_the_portal_answers(
    whole_portal: FastAPI, arrive: Arrive, nobody: Browser, page: str
) -> None:
    row = PERMISSIONS[page]
    things = await _things(arrive, nobody, page)
    expected = {
        column: getattr(row.answers, column)
        for column in COLUMNS
        if getattr(row.answers, column) is not Cell.NO_SUCH_CASE
    }
    # First those who may not, for the others change what it is about.
    found = {}
    for column in sorted(expected, key=lambda column: expected[column] is Cell.YES):
        found[column] = _cell(await _ask(whole_portal, things, page, column))
        if row.ends_it and found[column] is Cell.YES:
            things = await _things(arrive, nobody, page)
    assert {column: found[column] for column in expected} == expected


def _above(path: str) -> str:
    """The nearest page to what takes forms alone."""
    while f"GET {path}" not in PERMISSIONS:
        path = path.rpartition("/")[0] or "/"
    return path


async def test_the_address_of_a_form_leads_to_its_page(portal: FastAPI, browser: Browser) -> None:
    # What comes before a conversation's id is taken for one.
    taken = {"/messages/start"}
    forms = [page.partition(" ")[2] for page in PERMISSIONS if page.startswith("POST ")]
    forms = [path for path in forms if f"GET {path}" not in PERMISSIONS and path not in taken]
    assert "/bookings/{booking_id}/confirm" in forms

    for path in forms:
        answer = await browser.get(path)
        assert answer.status_code == 303, path
        assert unquote(answer.headers["location"]) == _above(path)
