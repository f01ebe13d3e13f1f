"""A stream whose reader takes nothing any more, as the server sees it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from api.connections import Connection
from api.live.response import LiveResponse
from tests.listening import listening
from tests.live.listener import PATIENCE_SECONDS


@asynccontextmanager
async def _asked(app: ASGIApp, *, times: int = 1) -> AsyncIterator[asyncio.StreamReader]:
    """What an application answers to somebody who does not read on once there is much to read.

    Who asks several times does not wait for the answers.
    """
    served = listening(app, http=Connection, lifespan="off", log_config=None)
    # The server's end too: it waits for whatever still answers.
    async with asyncio.timeout(PATIENCE_SECONDS), served as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * times)
        yield reader
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def _complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [each for each in caplog.records if each.name.startswith(("uvicorn", "asyncio"))]
    return [each.getMessage() for each in said if each.levelno > logging.INFO]


@pytest.mark.parametrize("times", [1, 2])
async def test_a_reader_who_stalls_is_cut_off_and_the_server_does_not_complain(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, times: int
) -> None:
    monkeypatch.setattr("api.live.response._SEND_SECONDS", 0.1)
    over = asyncio.Event()

    async def frames() -> AsyncGenerator[bytes]:
        while True:
            yield b":" * 1024 * 1024 + b"\n\n"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await LiveResponse(frames())(scope, receive, send)
        over.set()

    async with _asked(app, times=times) as reader:
        await over.wait()
        with suppress(ConnectionError):
            while await reader.read(1024 * 1024):
                pass
    assert _complaints(caplog) == []


async def test_a_stream_that_ends_short_by_a_bug_is_complained_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b": so far\n\n", "more_body": True})

    async with _asked(app) as reader:
        assert (await reader.read()).endswith(b": so far\n\n\r\n")
    assert _complaints(caplog) == ["ASGI callable returned without completing response."]
