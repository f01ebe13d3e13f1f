"""Who is calling: a bearer token becomes a party of the marketplace, or there is a 401."""

from __future__ import annotations

from typing import Annotated, Any

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import refused_with, unauthenticated, unavailable
from api.public_keys import PublicKeys
from config import Settings
from domain.party import Party, Role, is_id, only_for
from domain.refusal import Code

_ROLES = frozenset({Role.PROVIDER, Role.CLIENT, Role.SUPPORT, Role.SERVICE})
_SHARED_SECRET = ["HS256"]
# Never a symmetric algorithm here: a public key must not do as a shared secret.
_PUBLIC_KEYS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
_CLOCK_LEEWAY_SECONDS = 30


class Authenticator:
    """Checks tokens: by the shared secret, or by the public keys of the identity provider.

    A token says who by `sub` and in which role by `role`. In production it must expire.
    """

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.shared_secret
        self._keys = PublicKeys(str(settings.jwks_url)) if settings.jwks_url else None
        self._audience = settings.jwt_audience
        self._issuer = settings.jwt_issuer
        expiry = ["exp"] if settings.environment == "production" else []
        self._required = ["sub", "role", *expiry]

    async def identify(self, token: str) -> Party:
        """The party that a token names. Raises the problem 401, or 503 without the public keys."""
        try:
            return _party(await self._claims(token))
        except jwt.PyJWKClientConnectionError as error:
            raise unavailable("The keys that tokens are checked with cannot be fetched.") from error
        except (jwt.InvalidTokenError, jwt.PyJWKClientError, jwt.PyJWKSetError) as error:
            raise unauthenticated(_told(error)) from error

    async def _claims(self, token: str) -> dict[str, Any]:
        key: Any = self._secret
        if self._keys is not None:
            key = await self._keys.key_of(token)
        return jwt.decode(
            token,
            key,
            algorithms=_PUBLIC_KEYS if self._keys else _SHARED_SECRET,
            audience=self._audience,
            issuer=self._issuer,
            leeway=_CLOCK_LEEWAY_SECONDS,
            options={"require": self._required, "verify_aud": self._audience is not None},
        )


def _party(claims: dict[str, Any]) -> Party:
    subject, role = claims["sub"], claims["role"]
    if not isinstance(role, str) or role not in _ROLES:
        raise jwt.InvalidTokenError("The token's role is none of the marketplace's.")
    if not isinstance(subject, str) or not is_id(subject):
        raise jwt.InvalidTokenError("The token's sub is not an id of the marketplace.")
    return Party(role=Role(role), id=subject)


def _told(error: Exception) -> str:
    if isinstance(error, jwt.ExpiredSignatureError):
        return "The token has expired."
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"The token lacks the claim {error.claim}."
    if type(error) is jwt.InvalidTokenError:
        return str(error)
    return "The token is not valid."


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    bearerFormat="JWT",
    description="A JWT. Claims: `sub`, an id; `role`: provider, client, support or service.",
)


async def identify_caller(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Party:
    """Who is calling, by the token of the request."""
    if credentials is None:
        raise unauthenticated()
    authenticator: Authenticator = request.app.state.services.authenticator
    return await authenticator.identify(credentials.credentials)


Caller = Annotated[Party, Depends(identify_caller)]
"""The party that calls, as a parameter of a path."""


def only(caller: Party, *roles: Role) -> None:
    """Ends the request with 403 unless the caller is in one of these roles."""
    if caller.role not in roles:
        raise refused_with(Code.NOT_ALLOWED, only_for(*roles))
