"""One request to an address that somebody outside chose, made from within our own network.

What could be made of that is prevented here: the host is resolved by us, its addresses are judged,
and the very address that was judged is called, so that a name cannot lead elsewhere a moment
later. Redirects are not followed, no proxy of the environment is asked, and neither a slow nor an
endless answer keeps a worker for long.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from activities.resolving import Resolver, resolved
from domain.notices.endpoint import Reach

ANSWERED_WITHIN = timedelta(seconds=10)
"""How long finding the host, connecting, sending and reading the answer may take together."""

KEPT_OF_ANSWER = 1024
"""So many bytes of an answer are read, and kept for the log."""

_MOST_ADDRESSES = 4


class NoAnswerError(Exception):
    """There was no answer, or none that is one. The message says why."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a host answered. `text` is the beginning of it."""

    status: int
    text: str
    retry_after: str | None

    def wait(self, now: datetime) -> timedelta | None:
        """For how long it asks to be left alone, if it does."""
        asked = (self.retry_after or "").strip()
        if asked.isascii() and asked.isdecimal() and len(asked) <= 6:  # noqa: PLR2004
            return timedelta(seconds=int(asked))
        try:
            return max(parsedate_to_datetime(asked) - now, timedelta())
        except (ValueError, TypeError, OverflowError):
            return None


class Poster:
    """Posts to addresses that somebody outside chose."""

    def __init__(
        self,
        reach: Reach,
        *,
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        within: timedelta = ANSWERED_WITHIN,
    ) -> None:
        self._reach = reach
        self._resolve = resolve or resolved
        self._tls = tls or httpx.create_ssl_context()
        self._within = within.total_seconds()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Posts once. Raises NoAnswerError, and UnreachableAddressError before anything is sent."""
        # The settings may have changed since the address was taken.
        self._reach.require_url(url)
        try:
            async with asyncio.timeout(self._within):
                return await self._posted(httpx.URL(url), body, headers)
        except TimeoutError as error:
            raise NoAnswerError(f"no whole answer within {self._within:g} seconds") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswerError(_told(error)) from error

    async def _posted(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> Reply:
        addresses = await self._addresses(url)
        # One that leads nowhere leaves time for the others.
        limits = httpx.Timeout(self._within, connect=self._within / len(addresses))
        for address in addresses[:-1]:
            try:
                return await self._call(url, address, body, headers, limits)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._call(url, addresses[-1], body, headers, limits)

    async def _addresses(self, url: httpx.URL) -> Sequence[str]:
        """The addresses of the host. One that may not be called rules all others out."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = list(dict.fromkeys(await self._resolve(_name_of(url), port)))
        except (OSError, UnicodeError) as error:
            raise NoAnswerError("the host has no address") from error
        if not found:
            raise NoAnswerError("the host has no address")
        for address in found:
            self._reach.require_address(address)
        return found[:_MOST_ADDRESSES]

    async def _call(
        self,
        url: httpx.URL,
        address: str,
        body: bytes,
        headers: Mapping[str, str],
        limits: httpx.Timeout,
    ) -> Reply:
        # A client of its own each time: a connection that was opened to one host of an address
        # must not be used for another host of it.
        async with (
            httpx.AsyncClient(
                verify=self._tls, trust_env=False, follow_redirects=False, timeout=limits
            ) as client,
            client.stream(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers={
                    **headers,
                    "host": url.netloc.decode("ascii"),
                    "accept-encoding": "identity",
                    "connection": "close",
                },
                # The certificate has to be that of the name, not of the address.
                extensions={"sni_hostname": _name_of(url)},
            ) as response,
        ):
            return Reply(
                status=response.status_code,
                text=await _beginning(response),
                retry_after=response.headers.get("retry-after"),
            )


def _name_of(url: httpx.URL) -> str:
    """The host as it is given, in ASCII.

    `url.host` would be its letters, and the system's resolver makes another name of some: of
    `xn--strae-oqa.de` it is `straße.de`, which Python looks up as `strasse.de`.
    """
    return url.raw_host.decode("ascii").strip("[]")


async def _beginning(response: httpx.Response) -> str:
    read = bytearray()
    async for part in response.aiter_raw():
        read += part
        if len(read) >= KEPT_OF_ANSWER:
            break
    text = bytes(read[:KEPT_OF_ANSWER]).decode("utf-8", "replace")
    return "".join(
        each if each.isprintable() or each == "\n" else "\ufffd" for each in text
    ).strip()


def _told(error: Exception) -> str:
    match error:
        case httpx.ConnectError() if isinstance(error.__cause__, ssl.SSLError) or "SSL" in str(
            error
        ):
            return f"no secure connection: {error}"
        case httpx.ConnectError():
            return "the host cannot be connected to"
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.RemoteProtocolError():
            return "what the host answered is not HTTP, or broke off"
        case _:
            return f"the connection broke off ({type(error).__name__})"
