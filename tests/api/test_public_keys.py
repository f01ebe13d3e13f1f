"""Tokens of an identity provider, checked with the keys that it publishes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

from api import public_keys
from api.public_keys import PublicKeys
from config import Settings
from tests.api.conftest import served
from tests.api.marketplace import Marketplace, problem, token, until

KEY = ec.generate_private_key(ec.SECP256R1())
CLAIMS = {"sub": "c-1", "role": "client"}


@dataclass
class IdentityProvider:
    """A server that publishes the public key, and counts how often it was asked."""

    address: str = ""
    asked: int = 0
    is_away: bool = False
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def identity_provider() -> AsyncIterator[IdentityProvider]:
    """One that answers."""
    public = json.loads(ECAlgorithm.to_jwk(KEY.public_key()))
    body = json.dumps({"keys": [{**public, "kid": "one", "use": "sig", "alg": "ES256"}]}).encode()
    provider = IdentityProvider()
    provider.may_answer.set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        provider.asked += 1
        await reader.readuntil(b"\r\n\r\n")
        await provider.may_answer.wait()
        status = "503 Away" if provider.is_away else "200 OK"
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        provider.address = f"http://127.0.0.1:{port}/jwks"
        yield provider


def production(settings: Settings, jwks_url: str) -> Settings:
    """Settings that check tokens by these keys."""
    return settings.model_copy(
        update={"environment": "production", "jwks_url": jwks_url, "session_secret": "s" * 32}
    )


def signed(key: Any = KEY, kid: str | None = "one", **claims: Any) -> str:
    """A token of the identity provider."""
    until = datetime.now(UTC) + timedelta(hours=1)
    headers = {"kid": kid} if kid else {}
    return jwt.encode({**CLAIMS, "exp": until, **claims}, key, algorithm="ES256", headers=headers)


async def status(market: Marketplace, bearer: str) -> int:
    """How a read by this token is answered."""
    headers = {"Authorization": f"Bearer {bearer}"}
    return (await market.http.get("/v1/bookings", headers=headers)).status_code


async def test_only_what_the_published_key_signed_is_accepted(api_settings: Settings) -> None:
    # A public key, taken for a shared secret, would let anybody sign.
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    confused = _hs256(pem)
    async with (
        identity_provider() as provider,
        served(production(api_settings, provider.address)) as market,
    ):
        assert await status(market, signed()) == 200
        refused = {
            "another's key": signed(key=ec.generate_private_key(ec.SECP256R1())),
            "an unknown key": signed(kid="two"),
            "no key named": signed(kid=None),
            "no expiry": jwt.encode(CLAIMS, KEY, algorithm="ES256", headers={"kid": "one"}),
            "the shared secret": token("client", "c-1"),
            "a public key for a secret": confused,
        }
        for name, bearer in refused.items():
            assert await status(market, bearer) == 401, name


async def test_without_the_keys_nobody_can_be_told_apart(api_settings: Settings) -> None:
    async with identity_provider() as provider:
        gone = provider.address
    async with served(production(api_settings, gone)) as market:
        headers = {"Authorization": f"Bearer {signed()}"}
        problem(await market.http.get("/v1/bookings", headers=headers), 503, "unavailable")


async def test_keys_that_are_known_hold_while_the_provider_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with identity_provider() as provider:
        keys = PublicKeys(provider.address)
        known = await keys.key_of(signed())
        provider.is_away = True
        # As if five minutes had passed: it is asked, and nobody waits for the answer.
        monkeypatch.setattr(public_keys, "_FRESH_SECONDS", 0)
        monkeypatch.setattr(public_keys, "_COOL_DOWN_SECONDS", 0)
        provider.may_answer.clear()
        assert await keys.key_of(signed()) is known
        provider.may_answer.set()
        await until(_now(lambda: provider.asked), lambda asked: asked == 2)
        # Whether there is a key that is not known, nobody can say.
        with pytest.raises(jwt.PyJWKClientConnectionError):
            await keys.key_of(signed(kid="two"))
        assert await keys.key_of(signed()) is known
        # As if an hour had passed.
        monkeypatch.setattr(public_keys, "_KEPT_SECONDS", 0)
        with pytest.raises(jwt.PyJWKClientConnectionError):
            await keys.key_of(signed())
        provider.is_away = False
        monkeypatch.setattr(public_keys, "_KEPT_SECONDS", 3600)
        with pytest.raises(jwt.PyJWKClientError):
            await keys.key_of(signed(kid="two"))
        assert await keys.key_of(signed()) is not known


async def test_however_many_ask_the_provider_is_asked_once() -> None:
    async with identity_provider() as provider:
        keys = PublicKeys(provider.address)
        provider.may_answer.clear()
        waiting = [asyncio.create_task(keys.key_of(signed())) for _ in range(20)]
        await until(_now(lambda: provider.asked), lambda asked: asked > 0)
        # One who goes away meanwhile does not end it for the others.
        waiting[0].cancel()
        provider.may_answer.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert len(set(map(id, found[1:]))) == 1
        # Nor is it asked again at once for keys that there are none of.
        for name in ("two", "three"):
            with pytest.raises(jwt.PyJWKClientError):
                await keys.key_of(signed(kid=name))
        assert provider.asked == 1


async def test_after_a_failure_the_provider_is_left_alone_for_a_while() -> None:
    async with identity_provider() as provider:
        provider.is_away = True
        keys = PublicKeys(provider.address)
        for _ in range(5):
            with pytest.raises(jwt.PyJWKClientConnectionError):
                await keys.key_of(signed())
        assert provider.asked == 1


def _now(value: Callable[[], int]) -> Callable[[], Awaitable[int]]:
    async def told() -> int:
        return value()

    return told


def _hs256(secret: bytes) -> str:
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    parts = ({"alg": "HS256", "kid": "one"}, {**CLAIMS, "exp": 4_000_000_000})
    content = b".".join(jwt.utils.base64url_encode(json.dumps(part).encode()) for part in parts)
    return (content + b"." + jwt.utils.base64url_encode(algorithm.sign(content, secret))).decode()
