"""What browsers are told to refuse: scripts and styles that are not ours, frames, guessed types."""

from __future__ import annotations

from functools import cache

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.portal.paths import STATIC, is_page
from api.portal.rendering import STATIC_DIRECTORY, asset

_PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
_DOCUMENTS = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # `same-origin` rather than `no-referrer`, with which forms would come from the origin `null`.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_INSIST_ON_TLS = "max-age=31536000; includeSubDomains"
_FOR_EVER = "public, max-age=31536000, immutable"


class SecurityHeaders:
    """Puts the same headers on every response, errors of any kind included."""

    def __init__(self, app: ASGIApp, *, behind_tls: bool) -> None:
        self._app = app
        self._always = {**_ALWAYS}
        if behind_tls:
            self._always["Strict-Transport-Security"] = _INSIST_ON_TLS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._always.items():
                    headers[name] = value
                headers["Content-Security-Policy"] = _policy(scope["path"])
                _set_caching(headers, scope, message["status"])
            await send(message)

        await self._app(scope, receive, send_guarded)


def _policy(path: str) -> str:
    # The page of the API's description is for developers, and told of errors as programs are.
    is_description = path == "/docs" or path.startswith("/docs/")
    return _PAGES if is_description or is_page(path) else _DOCUMENTS


def _set_caching(headers: MutableHeaders, scope: Scope, status: int) -> None:
    """Pages are somebody's own; assets whose address names their content never change."""
    path: str = scope["path"]
    if not is_page(path):
        return
    if not path.startswith(f"{STATIC}/"):
        headers.setdefault("Cache-Control", "no-store")
    elif f"{path}?{scope['query_string'].decode('latin-1')}" in _own() and status in {200, 304}:
        headers["Cache-Control"] = _FOR_EVER
    else:
        # A page that another version has made, while one takes over from the other, names content
        # that is not here: what is here would be taken for it for a year.
        headers["Cache-Control"] = "no-cache"


@cache
def _own() -> frozenset[str]:
    """The addresses of the assets that this version has."""
    return frozenset(asset(file.name) for file in STATIC_DIRECTORY.iterdir())
