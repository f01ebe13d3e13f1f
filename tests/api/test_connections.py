"""Whoever connects takes neither memory nor a connection without end, and needs no token for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from api import connections
from api.connections import MOST_HEAD_BYTES, Connection
from tests.listening import listening

PATIENCE_SECONDS = 30
PART, PARTS = b"a" * 1024 * 1024, 64

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _parts_of_long() -> AsyncIterator[bytes]:
    for _ in range(PARTS):
        yield PART


class Served:
    """A server of one page, which says how much it was sent; that of `/later` waits to be let.

    That of `/long` is longer than any network takes at once, and `over` is set once it is given up.
    Once `begun` is set, there is a request.
    """

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.over = asyncio.Event()
        self.begun = asyncio.Event()
        self.port = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page."""
        request = Request(scope, receive)
        self.begun.set()
        if request.url.path == "/later":
            await self.let.wait()
        size = len(await request.body())
        if request.url.path == "/long":
            await StreamingResponse(_parts_of_long())(scope, receive, send)
            self.over.set()
            return
        response = PlainTextResponse(f"{size} bytes")
        await response(scope, receive, send)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Streams]:
        """A new connection."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                yield reader, writer
            finally:
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A server with connections as those of the API."""
    found = Served()
    async with listening(found, http=Connection, lifespan="off", log_config=None) as found.port:
        yield found
        found.let.set()


IN_CHUNKS = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /?",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: ",
        IN_CHUNKS + b"0\r\nA: ",
        IN_CHUNKS + b"3;",
    ],
)
async def test_a_head_without_end_is_taken_no_more(served: Served, beginning: bytes) -> None:
    async with served.connection() as (reader, writer):
        writer.write(beginning)
        with suppress(ConnectionError):
            for _ in range(16):
                writer.write(b"a" * MOST_HEAD_BYTES)
                await writer.drain()
            # Whether the answer can still be read by then is up to the network.
            await reader.read()
        assert reader.at_eof() or reader.exception()


async def test_many_headers_are_too_many_too(served: Served) -> None:
    async with served.connection() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * (MOST_HEAD_BYTES // 6 + 1))
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")


async def test_many_headers_after_a_body_are_too_many_too(served: Served) -> None:
    async with served.connection() as (reader, writer):
        writer.write(IN_CHUNKS + b"0\r\n")
        await writer.drain()
        with suppress(ConnectionError):
            for _ in range(16):
                writer.write(b"A: b\r\n" * (MOST_HEAD_BYTES // 6))
                await writer.drain()
            await reader.read()
        assert reader.at_eof() or reader.exception()


TOO_LONG = b"GET /?".ljust(MOST_HEAD_BYTES + 1, b"a")
NO_REQUEST = b"nothing\r\n\r\n"


@pytest.mark.parametrize("next_one", [TOO_LONG, NO_REQUEST])
async def test_what_the_next_request_is_refused_with_is_not_taken_for_an_answer_to_this_one(
    served: Served, next_one: bytes
) -> None:
    async with served.connection() as (reader, writer):
        writer.write(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        await writer.drain()
        await served.begun.wait()
        writer.write(next_one)
        assert await reader.read() == b""


@pytest.mark.parametrize(("next_one", "status"), [(TOO_LONG, b"431"), (NO_REQUEST, b"400")])
async def test_once_a_request_is_answered_the_next_one_is_told_why_it_is_refused(
    served: Served, next_one: bytes, status: bytes
) -> None:
    async with served.connection() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.readuntil(b"0 bytes")
        writer.write(next_one)
        assert (await reader.readline()).split()[1] == status


async def test_a_body_that_is_none_is_answered_with_a_reason(served: Served) -> None:
    async with served.connection() as (reader, writer):
        writer.write(IN_CHUNKS + b"no chunk\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")


async def test_a_few_headers_after_a_body_are_taken(served: Served) -> None:
    async with served.connection() as (reader, writer):
        for _ in range(2):
            writer.write(IN_CHUNKS)
            await writer.drain()
            writer.write(b"0\r\nA: b\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            assert (await reader.readuntil(b"bytes")).endswith(b"3 bytes")


async def test_heads_of_some_size_are_taken_one_after_the_other(served: Served) -> None:
    long = b"A: " + b"a" * (MOST_HEAD_BYTES // 2) + b"\r\n"
    async with served.connection() as (reader, writer):
        for _ in range(4):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + long)
            await writer.drain()
            writer.write(b"Content-Length: 100000\r\n\r\n" + b"b" * 100_000)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            assert (await reader.readuntil(b"bytes")).endswith(b"100000 bytes")


@pytest.mark.parametrize(
    "part",
    [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12345678"],
)
async def test_a_request_arrives_in_time_but_its_answer_may_take_longer(
    served: Served, part: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WHOLE_WITHIN", timedelta(seconds=0.2))
    async with served.connection() as (whole, whole_writer):
        whole_writer.write(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        async with served.connection() as (reader, writer):
            writer.write(part)
            assert await reader.read() == b""
        served.let.set()
        assert (await whole.readline()).startswith(b"HTTP/1.1 200 ")


async def test_nobody_has_an_answer_kept_for_them_that_they_do_not_read(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "TAKEN_WITHIN", timedelta(seconds=0.2))
    async with served.connection() as (_, writer):
        writer.write(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        await served.over.wait()


async def test_whoever_reads_an_answer_has_all_of_it(served: Served) -> None:
    async with served.connection() as (reader, writer):
        writer.write(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        missing = PARTS * len(PART)
        while missing and (read := await reader.read(len(PART))):
            missing -= read.count(b"a")
        assert missing == 0
