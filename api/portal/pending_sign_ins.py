"""The sign-ins that wait for the identity provider's answer, each in a tab of its own."""

from __future__ import annotations

import json
from typing import Any

from authlib.integrations.starlette_client import OAuth, StarletteIntegration
from fastapi import Request

from api.portal.paths import local_path

_MOST = 3
_LONGEST = 250
"""A cookie holds four kilobytes: where somebody wanted to go counts up to this length, as JSON, in
which the session is written: a quotation mark takes two characters there."""
_NEXT = "next"
_NAME = "oidc"
_PREFIX = f"_state_{_NAME}_"
"""Authlib's: under this and its state, the session holds what the answer to it is checked by."""
_NEEDED = frozenset({"redirect_uri", "nonce", "code_verifier", _NEXT})


class _Pending(StarletteIntegration):  # type: ignore[misc]  # Authlib is not typed
    """Keeps the newest few, where Authlib would keep one and turn the answers to others away."""

    async def set_state_data(self, session: dict[str, Any] | None, state: str, data: Any) -> None:
        """Adds one to those that wait; the oldest is forgotten for it."""
        others = pending_in(session or {})
        needed = {name: value for name, value in data.items() if name in _NEEDED}
        await super().set_state_data(session, state, needed)
        if session is not None:
            session.update(sorted(others.items(), key=_expiry)[1 - _MOST :])


class _OAuth(OAuth):  # type: ignore[misc]  # nor is this
    framework_integration_cls = _Pending


def client_of(**options: Any) -> Any:
    """A client of the identity provider, which has state, nonce and PKCE checked by Authlib."""
    return _OAuth().register(_NAME, **options)


async def begin(provider: Any, request: Request, redirect_uri: str, onward: str) -> str:
    """Begins a sign-in that leads on to a page; the address to send somebody to for it."""
    begun = await provider.create_authorization_url(redirect_uri)
    known = {_NEXT: onward if len(json.dumps(onward)) <= _LONGEST else "/"}
    await provider.save_authorize_data(request, redirect_uri=redirect_uri, **known, **begun)
    address: str = begun["url"]
    return address


def pending_in(session: dict[str, Any]) -> dict[str, Any]:
    """What a session holds of sign-ins that wait for their answers."""
    return {name: held for name, held in session.items() if name.startswith(_PREFIX)}


def onward_from(request: Request) -> str:
    """Where the sign-in leads on to that a request answers. To be asked before that is checked."""
    held = request.session.get(f"{_PREFIX}{request.query_params.get('state')}")
    return local_path(held["data"].get(_NEXT) if held else None)


def _expiry(held: tuple[str, Any]) -> float:
    expires: float = held[1]["exp"]
    return expires
