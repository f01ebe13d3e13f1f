"""What each person sets for themselves: the time zone that times are shown in."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request
from starlette.responses import Response

from api.portal.forms import SentForm, page_router
from api.portal.names import introduce
from api.portal.rendering import redirect, render
from api.portal.session import SignedIn, move_to_zone
from api.portal.zones import ZONE_COOKIE, zone_named, zones_by_region
from api.services import Parts
from config import Settings

router = page_router("/settings")

_A_YEAR_SECONDS = 365 * 24 * 3600


@router.get("")
async def show_settings(request: Request, viewer: SignedIn) -> Response:
    """The settings of whoever is signed in."""
    return render(request, viewer, "settings.html", regions=zones_by_region(), wrong="")


@router.post("")
async def change_settings(
    request: Request, viewer: SignedIn, parts: Parts, form: SentForm
) -> Response:
    """Sets the time zone, for this session and the next ones in this browser."""
    zone = zone_named(form.text("zone"))
    if zone is None:
        return render(
            request,
            viewer,
            "settings.html",
            status=422,
            regions=zones_by_region(),
            wrong="is not a time zone",
        )
    await introduce(parts, replace(viewer, zone=zone))
    move_to_zone(request, zone)
    response = redirect(request, "/settings", done=f"Times are shown in {zone.key} now.")
    settings: Settings = request.app.state.settings
    response.set_cookie(
        ZONE_COOKIE,
        zone.key,
        max_age=_A_YEAR_SECONDS,
        secure=settings.behind_tls,
        httponly=True,
        samesite="lax",
    )
    return response
