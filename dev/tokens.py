"""Tokens for development, as the identity provider's would be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt

from config import Settings
from domain.party import Party


def development_token(settings: Settings, bearer: Party, lasts: timedelta) -> str:
    """A token for somebody, valid from now on, that the API of these settings takes."""
    now = datetime.now(UTC)
    claims: dict[str, object] = {
        "sub": bearer.id,
        "role": bearer.role.value,
        "iat": now,
        "exp": now + lasts,
    }
    if settings.jwt_audience is not None:
        claims["aud"] = settings.jwt_audience
    if settings.jwt_issuer is not None:
        claims["iss"] = settings.jwt_issuer
    return jwt.encode(claims, settings.jwt_secret, algorithm="HS256")
