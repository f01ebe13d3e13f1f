"""What every answer tells browsers to refuse, and what pages say of errors."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI

from api.app import create_app
from config import Settings
from tests.portal.browser import Browser
from tests.portal.conftest import Open, set_to

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}
PAGES = ("/sign-in", "/settings", "/", "/nothing-here", "/static/portal.css", "/static/nothing.js")


@pytest.mark.parametrize("path", [*PAGES, "/healthz", "/v1/bookings", "/v1/nothing", "/docs"])
async def test_every_answer_has_them(browser: Browser, path: str) -> None:
    headers = (await browser.get(path)).headers
    assert {name: headers[name] for name in EVERYWHERE} == EVERYWHERE
    assert "camera=()" in headers["permissions-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize("path", [*PAGES, "/docs", "/docs/start.js", "/docs/nothing.js"])
async def test_no_page_may_run_or_style_what_stands_in_it(browser: Browser, path: str) -> None:
    policy = (await browser.get(path)).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "base-uri 'none'" in policy


@pytest.mark.parametrize("path", ["/sign-in", "/settings", "/nothing-here", "/docs"])
async def test_no_page_has_anything_inline(browser: Browser, path: str) -> None:
    await browser.sign_in("provider", "ada")
    text = (await browser.get(path)).text
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)


async def test_browsers_insist_on_tls_behind_it(portal_settings: Settings, browse: Open) -> None:
    app = create_app(set_to(portal_settings, public_url="https://keepdate.test"))
    headers = (await (await browse(app)).get("/sign-in")).headers
    assert headers["strict-transport-security"].startswith("max-age=31536000")


async def test_pages_are_not_kept_and_assets_are(browser: Browser) -> None:
    page = await browser.get("/sign-in")
    assert page.headers["cache-control"] == "no-store"
    [stylesheet] = re.findall(r'href="(/static/portal\.css[^"]*)"', page.text)
    assert "immutable" in (await browser.get(stylesheet)).headers["cache-control"]
    assert (await browser.get("/static/portal.css")).headers["cache-control"] == "no-cache"


async def test_the_page_of_the_description_needs_nothing_from_elsewhere(browser: Browser) -> None:
    page = (await browser.get("/docs")).text
    loaded = re.findall(r'<(?:link|script)[^>]*(?:href|src)="([^"]*)"', page)
    assert len(loaded) == 4
    for path in loaded:
        assert path.startswith("/")
        assert (await browser.get(path)).status_code == 200, path


async def test_errors_are_pages_for_people_and_problems_for_programs(browser: Browser) -> None:
    page = await browser.get("/nothing-here")
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    problem = await browser.get("/v1/nothing-here")
    assert problem.status_code == 404
    assert problem.headers["content-type"] == "application/problem+json"
    refused = await browser.http.delete("/sign-in")
    assert refused.status_code == 405
    assert "<h1>" in refused.text


async def test_an_address_that_cannot_be_read_is_told_in_words_for_people(
    browser: Browser,
) -> None:
    await browser.sign_in("provider", "ada")
    for query in ("after=elsewhere", "state=odd", f"q={'x' * 300}"):
        page = await browser.get(f"/bookings?{query}")
        assert page.status_code == 422
        assert "A part of it cannot be read" in page.text
        assert not re.search("cursor|Input|String", page.text)


async def test_of_a_bug_people_are_told_a_reference_and_nothing_else(
    portal_settings: Settings, browse: Open
) -> None:
    app: FastAPI = create_app(portal_settings)

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError("a secret")

    page = await (await browse(app)).get("/broken")
    assert page.status_code == 500
    assert page.headers["x-request-id"] in page.text
    assert "secret" not in page.text
    assert page.headers["content-security-policy"]


def test_the_portal_is_no_part_of_the_description(portal: FastAPI) -> None:
    assert not [path for path in portal.openapi()["paths"] if path.startswith(("/sign", "/set"))]


async def test_an_asset_is_kept_only_by_the_name_of_its_own_content(browser: Browser) -> None:
    # Of a page that another version has made: it names other content than this one has.
    answer = await browser.get("/static/portal.css?v=000000000000")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
