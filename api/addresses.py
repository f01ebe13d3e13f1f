"""Web addresses as others write them: to be opened, or to say which page sends something."""

from __future__ import annotations

from urllib.parse import urlsplit


def leads_somewhere(url: str) -> bool:
    """Whether a web address has a host, and a port that there is: no browser opens another."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def host_in(url: str) -> str:
    """The host of a web address, and its port if it names one; empty for what is none."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
