"""The portal as a whole: its pages, its session, and how it is put into the application."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from starlette.middleware.sessions import SessionMiddleware
from starlette.staticfiles import StaticFiles

from api.portal import (
    booking_acts,
    bookings,
    browse,
    errors,
    live,
    messages,
    notices,
    oidc,
    preferences,
    requesting,
    signing_in,
    standing,
    support_providers,
    support_queues,
    topics,
    webhooks,
)
from api.portal.paths import STATIC
from api.portal.rendering import STATIC_DIRECTORY
from api.portal.session import LASTS, cookie_name, end_if_signed_out
from config import Settings

PAGES = (
    live,
    signing_in,
    oidc,
    preferences,
    topics,
    browse,
    standing,
    support_queues,
    support_providers,
    bookings,
    booking_acts,
    requesting,
    messages,
    notices,
    webhooks,
)
"""The modules whose `router` holds pages."""


def install(app: FastAPI, settings: Settings) -> None:
    """Puts the portal into the application, whose handlers of errors are there already."""
    app.state.settings = settings
    app.state.identity_provider = oidc.identity_provider(settings)
    for module in PAGES:
        app.include_router(
            module.router, dependencies=[Depends(end_if_signed_out), Depends(live.note_place)]
        )
    app.mount(STATIC, StaticFiles(directory=STATIC_DIRECTORY), name="static")
    errors.install(app)
    app.add_middleware(errors.PageErrors)
    app.add_middleware(
        SessionMiddleware,
        secret_key=settings.require_session_secret(),
        session_cookie=cookie_name(settings),
        max_age=int(LASTS.total_seconds()),
        same_site="lax",
        https_only=settings.behind_tls,
    )
