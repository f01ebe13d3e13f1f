"""The public keys of the identity provider, as they were last fetched."""

from __future__ import annotations

import asyncio
import logging
import time
from http.client import HTTPException

import jwt

_TIMEOUT_SECONDS = 5
_FRESH_SECONDS = 300
# How long a key that was withdrawn while the provider could not be reached is still accepted.
_KEPT_SECONDS = 3600
# Anybody can name a key that there is none of: it must not make us ask at every request.
_COOL_DOWN_SECONDS = 10

_OUTAGES = (jwt.PyJWTError, HTTPException, OSError, ValueError)

_log = logging.getLogger(__name__)


class PublicKeys:
    """Knows the key that a token names; fetched when they are needed, and anew every five minutes.

    A provider that cannot be reached keeps nobody waiting: the keys that are known hold for an
    hour, and are fetched beside the requests, one attempt at a time and one in ten seconds. Only
    who names a key that is not known waits for one.
    """

    def __init__(self, url: str) -> None:
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=_TIMEOUT_SECONDS)
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._outage: jwt.PyJWKClientConnectionError | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def key_of(self, token: str) -> jwt.PyJWK:
        """The key that signed a token, by its `kid`.

        Raises jwt.PyJWKClientConnectionError if it is not known and the provider does not answer,
        and another of jwt's errors if there is none.
        """
        name = jwt.get_unverified_header(token).get("kid")
        if not isinstance(name, str):
            raise jwt.PyJWKClientError("The token names no key.")
        found = self._known(name)
        if found is None:
            await self._fetched()
            found = self._known(name)
        elif self._is_older_than(_FRESH_SECONDS):
            self._begin_to_fetch()
        if found is not None:
            return found
        if self._outage is not None:
            raise self._outage
        raise jwt.PyJWKClientError("There is no key of this name.")

    def _known(self, name: str) -> jwt.PyJWK | None:
        return None if self._is_older_than(_KEPT_SECONDS) else self._keys.get(name)

    def _is_older_than(self, seconds: float) -> bool:
        return time.monotonic() - self._fetched_at >= seconds

    async def _fetched(self) -> None:
        self._begin_to_fetch()
        if self._fetching is not None:
            # Whoever goes away does not end it for the others.
            await asyncio.shield(self._fetching)

    def _begin_to_fetch(self) -> None:
        if self._fetching is None and time.monotonic() - self._tried_at >= _COOL_DOWN_SECONDS:
            self._fetching = asyncio.create_task(self._fetch(), name="public keys")

    async def _fetch(self) -> None:
        try:
            # It blocks while it does.
            keys = await asyncio.to_thread(self._client.get_signing_keys, refresh=True)
        except _OUTAGES as error:
            _log.warning("The public keys cannot be fetched: %s", error)
            self._outage = jwt.PyJWKClientConnectionError("The public keys cannot be fetched.")
        else:
            self._keys = {key.key_id: key for key in keys if key.key_id}
            self._fetched_at = time.monotonic()
            self._outage = None
        finally:
            self._tried_at = time.monotonic()
            self._fetching = None
