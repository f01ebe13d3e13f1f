"""Where the API of the embedded stack is reached on this machine, whatever it listens on."""

from __future__ import annotations

from config import Settings
from config_values import server_at


def address_of(settings: Settings) -> str:
    """The address of the API, `http://127.0.0.1:8000`."""
    return f"http://{server_at(reachable(settings.http_host), settings.http_port)}"


def reachable(host: str) -> str:
    """Where to reach a server on this machine that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
