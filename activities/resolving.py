"""Finding the addresses of a host, without keeping anybody else waiting for theirs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from threading import Thread

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Answers the IP addresses of a host, as text. Raises OSError or UnicodeError where it has none."""


async def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, by the system's resolver.

    A name service that does not answer can be neither interrupted nor hurried. So each look-up has
    a thread of its own: in a pool, a few such names would stop all others, and the process would
    not end before they do.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(found: Sequence[str] | Exception) -> None:
        if answer.done():
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def look_up() -> None:
        found: Sequence[str] | Exception
        try:
            each = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = [str(address[0]) for *_, address in each]
        except (OSError, UnicodeError) as error:
            found = error
        # Nobody waits any more where the loop has ended.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, found)

    Thread(target=look_up, name=f"addresses of {host}", daemon=True).start()
    return await answer
