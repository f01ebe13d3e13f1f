"""What the settings say, for the application that serves a request."""

from __future__ import annotations

from fastapi import Request

from config import Settings


def settings_of(request: Request) -> Settings:
    """The settings of the application that serves a request."""
    settings: Settings = request.app.state.settings
    return settings


def site_of(request: Request) -> str:
    """Where people reach this site: as the settings say, else as this request reached it."""
    return settings_of(request).public_origin or str(request.base_url).rstrip("/")
