"""The stream of a page: by the session, from where the page was read, for one handler of all."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator

import httpx
from itsdangerous import TimestampSigner
from sqlalchemy.ext.asyncio import AsyncEngine

from config import DEVELOPMENT_SESSION_SECRET
from tests.db.player import requested
from tests.live.conftest import Api
from tests.live.listener import PATIENCE_SECONDS


def _session(role: str, person_id: str, **more: str) -> dict[str, str]:
    """The cookie of somebody who is signed in."""
    person = {"role": role, "id": person_id, "name": person_id, "zone": "UTC"}
    held = b64encode(json.dumps({"person": person, "since": int(time.time()), **more}).encode())
    return {"keepdate": TimestampSigner(DEVELOPMENT_SESSION_SECRET).sign(held).decode()}


async def test_a_page_is_told_what_happened_after_it_was_read(
    apis: tuple[Api, Api], engine: AsyncEngine
) -> None:
    address = apis[0].address
    async with httpx.AsyncClient(cookies=_session("client", "carl")) as http:
        page = (await http.get(f"{address}/settings")).text
        assert 'data-live-url="/live"' in page
        _, _, rest = page.partition('data-live-after="')
        place = rest.partition('"')[0]
        played = await requested(engine)
        stream = http.stream("GET", f"{address}/live", params={"after": place}, timeout=None)
        async with asyncio.timeout(PATIENCE_SECONDS), stream as response:
            told = []
            async for line in response.aiter_lines():
                told.append(line)
                if "booking_id" in line:
                    break
    assert not [line for line in told if line.startswith("event:")]
    assert json.loads(told[-1].removeprefix("data: "))["booking_id"] == played.booking.id


async def test_who_is_not_signed_in_is_not_to_ask_again(apis: tuple[Api, Api]) -> None:
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{apis[0].address}/live")).status_code == 204


async def test_signing_out_ends_the_streams_of_that_session_in_every_process(
    apis: tuple[Api, Api],
) -> None:
    one, other = apis
    async with (
        httpx.AsyncClient(cookies=_session("client", "carl", id="1", forms="f")) as http,
        httpx.AsyncClient(cookies=_session("client", "carl", id="2")) as elsewhere,
        elsewhere.stream("GET", f"{other.address}/live", timeout=None) as stays,
    ):
        lines = stays.aiter_lines()
        async with asyncio.timeout(PATIENCE_SECONDS):
            async with http.stream("GET", f"{other.address}/live", timeout=None) as stream:
                told = stream.aiter_lines()
                await _begun(told)
                await _begun(lines)
                left = await http.post(f"{one.address}/sign-out", data={"csrf": "f"})
                assert left.status_code == 303
                async for _ in told:
                    pass
            assert other.hub.streams == 1


async def _begun(lines: AsyncIterator[str]) -> None:
    async for line in lines:
        if line.startswith("data:"):
            break
