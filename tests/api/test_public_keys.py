"""Tokens of an identity provider, checked with the keys that it publishes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

from config import Settings
from tests.api.conftest import served
from tests.api.marketplace import Marketplace, problem, token

KEY = ec.generate_private_key(ec.SECP256R1())
CLAIMS = {"sub": "c-1", "role": "client"}


@asynccontextmanager
async def identity_provider() -> AsyncIterator[str]:
    """The address of a server that publishes the public key."""
    public = json.loads(ECAlgorithm.to_jwk(KEY.public_key()))
    body = json.dumps({"keys": [{**public, "kid": "one", "use": "sig", "alg": "ES256"}]}).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"


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
        identity_provider() as address,
        served(production(api_settings, address)) as market,
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
    async with identity_provider() as address:
        gone = address
    async with served(production(api_settings, gone)) as market:
        headers = {"Authorization": f"Bearer {signed()}"}
        problem(await market.http.get("/v1/bookings", headers=headers), 503, "unavailable")


def _hs256(secret: bytes) -> str:
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    parts = ({"alg": "HS256", "kid": "one"}, {**CLAIMS, "exp": 4_000_000_000})
    content = b".".join(jwt.utils.base64url_encode(json.dumps(part).encode()) for part in parts)
    return (content + b"." + jwt.utils.base64url_encode(algorithm.sign(content, secret))).decode()
