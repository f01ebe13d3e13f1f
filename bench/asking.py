"""Asks the API over HTTP, and computes little itself: what asks shares the cores with what answers.

A client for every purpose takes longer over a request than the API does over the answer, and all of
that would be counted against the API.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httptools


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A status and the JSON that came with it."""

    status: int
    body: Any


class Asker:
    """As many connections to one API as are needed at once, each used again and again."""

    def __init__(self, base_url: str, *, within_seconds: float = 60) -> None:
        where = urlsplit(base_url)
        self._host, self._port = where.hostname or "127.0.0.1", where.port or 80
        self._within = within_seconds
        self._idle: deque[_Connection] = deque()

    async def post(self, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        """Sends a JSON document. Raises TimeoutError, ConnectionError."""
        content = json.dumps(body).encode()
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            *(f"{name}: {value}" for name, value in headers.items()),
            "\r\n",
        ]
        async with asyncio.timeout(self._within):
            connection = await self._connection()
            answer = await connection.ask("\r\n".join(lines).encode() + content)
        self._idle.append(connection)
        return answer

    async def _connection(self) -> _Connection:
        # The one that was used last: the server closes what has been idle for long.
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port)
        return connection

    async def __aenter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes what is open."""
        while self._idle:
            self._idle.pop().close()


class _Connection(asyncio.Protocol):
    """One connection; the methods named on_… are called by the parser."""

    def __init__(self) -> None:
        self.closed = False
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None

    async def ask(self, request: bytes) -> Answer:
        """Sends a request, and waits for its answer."""
        if self._transport is None:
            raise ConnectionError("not connected")
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Ends it."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """A part of an answer has come."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The API has gone."""
        self.closed = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("closed before it answered"))

    def on_body(self, part: bytes) -> None:
        """A part of the document."""
        self._parts.append(part)

    def on_message_complete(self) -> None:
        """That was all."""
        if self._waiting is not None and not self._waiting.done():
            body = json.loads(b"".join(self._parts) or b"null")
            self._waiting.set_result(Answer(status=self._parser.get_status_code(), body=body))
