"""Which addresses are pages for people, and which of them somebody may be sent on to."""

from __future__ import annotations

from urllib.parse import urlsplit

_MACHINES = frozenset({"v1", "codec", "healthz", "readyz", "metrics", "openapi.json", "docs"})
STATIC = "/static"


def is_page(path: str) -> bool:
    """Whether an address is for people: what goes wrong there is told as a page."""
    return path.removeprefix("/").partition("/")[0] not in _MACHINES


def local_path(given: str | None, *, otherwise: str = "/") -> str:
    """An address within the portal to go on to; anything that could lead elsewhere is left aside.

    Browsers read `//host`, `/\\host` and what hides behind control characters as other sites.
    """
    if not given or not given.startswith("/") or given.startswith("//"):
        return otherwise
    if "\\" in given or not given.isascii() or not given.isprintable():
        return otherwise
    parts = urlsplit(given)
    if parts.scheme or parts.netloc or not is_page(parts.path):
        return otherwise
    return given
