"""Addresses that somebody writes down for others to open."""

from __future__ import annotations

from urllib.parse import urlsplit


def leads_somewhere(url: str) -> bool:
    """Whether a web address has a host, and a port that there is: no browser opens another."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
