"""Nothing changes but by a form of one's own session."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.portal import rendering
from api.portal.forms import MAX_FORM_BYTES
from api.portal.paths import is_page
from tests.portal.browser import Browser, forms_of
from tests.portal.conftest import Open


def unsafe_pages(app: FastAPI) -> list[str]:
    """Every address of the portal that takes a POST, with something in place of its ids."""
    return [
        "/".join("x" if part.startswith("{") else part for part in path.split("/"))
        for path, methods in routes(app)
        if is_page(path) and methods - {"GET", "HEAD"}
    ]


def routes(app: FastAPI) -> list[tuple[str, set[str]]]:
    """Everything that the application serves: paths, and by which methods."""
    found: list[tuple[str, set[str]]] = []
    waiting = [("", route) for route in app.routes]
    while waiting:
        prefix, route = waiting.pop()
        if isinstance(route, APIRoute):
            found.append((prefix + route.path, set(route.methods or ())))
        else:
            inner = getattr(route, "original_router", None)
            waiting += [(prefix, each) for each in inner.routes] if inner else []
    return found


async def test_every_form_of_the_portal_needs_its_token(portal: FastAPI, browser: Browser) -> None:
    await browser.sign_in("provider", "ada")
    paths = unsafe_pages(portal)
    assert "/settings" in paths
    for path in paths:
        for fields in ({}, {"csrf": ""}, {"csrf": "forged"}):
            answer = await browser.post(path, {"zone": "UTC", **fields})
            assert answer.status_code == 403, (path, fields)
            assert answer.headers["content-type"].startswith("text/html")


async def test_the_token_of_another_session_does_not_do(
    portal: FastAPI, browser: Browser, browse: Open
) -> None:
    other = await browse(portal)
    await other.sign_in("client", "ben")
    await browser.sign_in("provider", "ada")
    answer = await browser.post("/settings", {"zone": "UTC", "csrf": await other.csrf()})
    assert answer.status_code == 403


@pytest.mark.parametrize(("site", "shown"), [("same-origin", 1), ("none", 0)])
async def test_words_are_kept_whose_session_has_ended(
    browser: Browser, site: str, shown: int
) -> None:
    for name in words_of_forms():
        fields = {name: "It took me <b>an hour</b>.", "csrf": "of yesterday"}
        answer = await browser.post("/messages/x", fields, {"sec-fetch-site": site})
        assert answer.status_code == 403
        assert answer.text.count("It took me &lt;b&gt;an hour&lt;/b&gt;.") == shown, name


async def test_whoever_is_signed_out_comes_back_to_the_page_that_they_were_on(
    browser: Browser,
) -> None:
    from_page = {"sec-fetch-site": "same-origin", "referer": "http://keepdate.test/messages/x"}
    answer = await browser.post("/messages/x", {"text": "Hello"}, from_page)
    assert answer.status_code == 403
    assert "<h1>You are signed out</h1>" in answer.text
    assert 'href="/sign-in?next=%2Fmessages%2Fx"' in answer.text
    await browser.sign_in("provider", "ada")
    answer = await browser.post("/messages/x", {"text": "Hello"}, from_page)
    assert "<h1>This form could not be accepted</h1>" in answer.text


def words_of_forms() -> set[str]:
    """The names of the fields that take words of one's own."""
    templates = Path(rendering.__file__).with_name("templates").glob("*.html")
    fields = [line for each in templates for line in each.read_text().splitlines()]
    found = [re.search(r'ui\.field\("[^"]+", "(\w+)".* rows=', line) for line in fields]
    names = {match[1] for match in found if match}
    assert {"text", "note", "reason"} <= names
    return names


async def test_signing_in_changes_the_token(browser: Browser) -> None:
    before = forms_of(await browser.get("/sign-in"), "/sign-in")[0].fields["csrf"]
    await browser.sign_in("provider", "ada")
    assert await browser.csrf() != before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.test"},
        {"Origin": "null"},
        {"Origin": "http://[keepdate.test"},
        {"Origin": "http://keepdate.test.elsewhere.test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
async def test_a_form_from_elsewhere_is_refused_with_the_right_token(
    browser: Browser, headers: dict[str, str]
) -> None:
    await browser.sign_in("provider", "ada")
    fields = {"zone": "UTC", "csrf": await browser.csrf()}
    assert (await browser.post("/settings", fields, headers)).status_code == 403
    own = {"Origin": "http://keepdate.test", "Sec-Fetch-Site": "same-origin"}
    assert (await browser.post("/settings", fields, own)).status_code == 303


async def test_a_form_that_is_too_long_is_not_read(browser: Browser) -> None:
    await browser.sign_in("provider", "ada")
    fields = {"csrf": await browser.csrf(), "zone": "x" * MAX_FORM_BYTES}
    assert (await browser.post("/settings", fields)).status_code == 413


async def test_each_form_is_known_by_an_id_of_its_own(browser: Browser) -> None:
    forms = forms_of(await browser.get("/sign-in"), "/sign-in")
    assert len({form.fields["command_id"] for form in forms}) == len(forms) > 1


async def test_an_id_that_nothing_could_keep_is_none(browser: Browser) -> None:
    await browser.sign_in("provider", "ada")
    fields = {"csrf": await browser.csrf(), "title": "Watercolours", "duration_minutes": "60"}
    for odd in ("a\0b", "a\nb", "ä", "x" * 65):
        answer = await browser.post("/topics", {**fields, "command_id": odd})
        assert answer.status_code == 303, odd


@pytest.mark.parametrize(
    ("encoding", "half"),
    [
        ("utf-7", b"+2AA-"),
        ("unicode_escape", rb"\ud800"),
        ("undefined", b"anything"),
    ],
)
async def test_half_a_character_of_an_odd_encoding_is_no_form(
    browser: Browser, encoding: str, half: bytes
) -> None:
    await browser.sign_in("provider", "ada")
    fields = {"csrf": (await browser.csrf()).encode(), "title": half, "duration_minutes": b"60"}
    parts = (
        b'--edge\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (name.encode(), value)
        for name, value in fields.items()
    )
    answer = await browser.http.post(
        "/topics",
        content=b"".join([*parts, b"--edge--\r\n"]),
        headers={"Content-Type": f"multipart/form-data; boundary=edge; charset={encoding}"},
    )
    assert answer.status_code == 400
