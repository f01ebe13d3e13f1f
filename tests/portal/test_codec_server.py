"""The codec server: what Temporal stores encrypted is shown to support, and to nobody else."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import jwt
import pytest
from fastapi import FastAPI

from api.app import create_app
from config import DEVELOPMENT_SECRET, Settings
from tests.portal.browser import Browser
from tests.portal.conftest import set_to
from tests.portal.visitor import Visitor, connected, signed_in

UI = "http://ui.keepdate.test:8233"
KEYS = f"2026:{base64.b64encode(b'n' * 32).decode()}"


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


PLAIN = {"metadata": {"encoding": _b64(b"json/plain")}, "data": _b64(b'{"reason": "Ill."}')}
"""A payload as the Temporal UI sends it."""


@pytest.fixture(scope="module")
async def app(portal_settings: Settings) -> AsyncIterator[FastAPI]:
    """A portal with keys."""
    app = create_app(set_to(portal_settings, codec_keys=KEYS, temporal_ui_url=UI))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def eve(app: FastAPI) -> AsyncIterator[Visitor]:
    visitor = await signed_in(app, "support")
    async with visitor.http:
        yield visitor


async def _ask(
    visitor: Visitor, path: str, *payloads: Any, origin: str | None = UI, **headers: str
) -> httpx.Response:
    """Asks as a page of an origin does, or a program that is none."""
    from_page = {"Origin": origin, "X-Namespace": "default"} if origin else {}
    body = {"payloads": list(payloads)}
    return await visitor.http.post(f"/codec/{path}", json=body, headers={**from_page, **headers})


async def test_support_sees_what_was_encrypted(eve: Visitor) -> None:
    [encrypted] = (await _ask(eve, "encode", PLAIN)).json()["payloads"]
    assert encrypted["metadata"]["encoding"] == _b64(b"binary/encrypted")
    answer = await _ask(eve, "decode", encrypted, PLAIN)
    assert answer.json() == {"payloads": [PLAIN, PLAIN]}
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["cache-control"] == "no-store"
    assert (await _ask(eve, "decode")).json() == {"payloads": []}


async def test_a_page_of_the_ui_is_told_that_it_may_ask(eve: Visitor) -> None:
    asked = {
        "Origin": UI,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-namespace",
    }
    answer = await eve.http.options("/codec/decode", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "X-Namespace" in answer.headers["access-control-allow-headers"]
    other = await eve.http.options("/codec/decode", headers={**asked, "Origin": "http://evil.test"})
    assert other.status_code == 400
    assert "access-control-allow-origin" not in other.headers


async def test_a_session_that_has_ended_opens_nothing(app: FastAPI) -> None:
    async with connected(app) as own, connected(app) as copy:
        sam = Browser(own)
        await sam.sign_in("support", "sam")
        copy.cookies = httpx.Cookies(own.cookies)
        asked = partial(copy.post, "/codec/decode", headers={"Origin": UI}, json={"payloads": []})
        assert (await asked()).status_code == 200
        await sam.send(await sam.get("/settings"), "/sign-out")
        assert (await asked()).status_code == 401


@pytest.mark.parametrize("origin", ["http://evil.keepdate.test", "null", None])
async def test_a_cookie_that_comes_from_elsewhere_opens_nothing(
    eve: Visitor, origin: str | None
) -> None:
    answer = await _ask(eve, "decode", PLAIN, origin=origin)
    assert answer.status_code == 403
    assert answer.json()["code"] == "not-allowed"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("role", ["provider", "client"])
async def test_others_see_nothing(app: FastAPI, role: str) -> None:
    visitor = await signed_in(app, role)
    async with visitor.http:
        assert (await _ask(visitor, "decode", PLAIN)).status_code == 403


async def test_nobody_sees_nothing(app: FastAPI, eve: Visitor) -> None:
    eve.http.cookies.clear()
    answer = await _ask(eve, "decode", PLAIN)
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == UI


@pytest.mark.parametrize(("role", "status"), [("support", 200), ("service", 403), ("client", 403)])
async def test_a_token_of_support_does_without_a_page(eve: Visitor, role: str, status: int) -> None:
    eve.http.cookies.clear()
    expires = datetime.now(UTC) + timedelta(minutes=1)
    claims = {"sub": "eve", "role": role, "exp": expires}
    token = jwt.encode(claims, DEVELOPMENT_SECRET, algorithm="HS256")
    answer = await _ask(eve, "decode", PLAIN, origin=None, Authorization=f"Bearer {token}")
    assert answer.status_code == status


@pytest.mark.parametrize("payload", [7, {"metadata": {"encoding": "not base64!"}}, {"data": 7}])
async def test_what_is_no_payload_is_malformed(eve: Visitor, payload: Any) -> None:
    answer = await _ask(eve, "decode", payload)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "payloads"


async def test_many_payloads_at_once_are_taken_and_there_is_an_end(eve: Visitor) -> None:
    large = {**PLAIN, "data": _b64(bytes(1024 * 1024))}
    assert (await _ask(eve, "encode", *[large] * 4)).status_code == 200
    assert (await _ask(eve, "encode", *[large] * 8)).status_code == 413


async def test_it_only_takes_posts(eve: Visitor) -> None:
    assert (await eve.http.get("/codec/decode", headers={"Origin": UI})).status_code == 405


async def test_without_keys_there_is_none(portal: FastAPI) -> None:
    visitor = await signed_in(portal, "support")
    async with visitor.http:
        assert (await _ask(visitor, "decode", PLAIN)).status_code == 404
