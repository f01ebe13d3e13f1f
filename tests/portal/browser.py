"""Somebody with a browser: it keeps cookies, and sends forms as they stand on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx


@dataclass
class PageForm:
    """A form on a page: where it leads, and what it holds already."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[PageForm] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._open = given.get("method") == "post"
            if self._open:
                self.found.append(PageForm(action=given["action"] or ""))
        elif tag == "input" and self._open and given.get("type") == "hidden":
            self.found[-1].fields[given["name"] or ""] = given["value"] or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def forms_of(page: httpx.Response, action: str) -> list[PageForm]:
    """The forms of a page that lead to an action."""
    parser = _Forms()
    parser.feed(page.text)
    return [form for form in parser.found if form.action == action]


@dataclass
class Browser:
    """One browser, with its own cookies."""

    http: httpx.AsyncClient

    async def get(self, path: str) -> httpx.Response:
        """Opens an address; where it leads to is not followed."""
        return await self.http.get(path)

    async def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Sends fields as a form would."""
        return await self.http.post(path, data=dict(fields), headers=dict(headers or {}))

    async def send(self, page: httpx.Response, action: str, **written: str) -> httpx.Response:
        """Sends the form of a page that leads to an action, with what is written into it."""
        form = forms_of(page, action)[0]
        return await self.post(form.action, {**form.fields, **written})

    async def sign_in(self, role: str, person_id: str, onward: str = "/") -> httpx.Response:
        """Signs in as one of the demo people."""
        page = await self.http.get("/sign-in", params={"next": onward})
        form = next(
            form
            for form in forms_of(page, "/sign-in")
            if (form.fields["role"], form.fields["id"]) == (role, person_id)
        )
        return await self.post("/sign-in", form.fields)

    async def csrf(self) -> str:
        """The secret of this browser's forms."""
        page = await self.http.get("/settings")
        return forms_of(page, "/settings")[0].fields["csrf"]
