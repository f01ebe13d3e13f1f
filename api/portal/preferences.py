"""What each person sets for themselves: their time zone, and the address of their calendar."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request
from starlette.responses import Response

from api.calendars import new_address
from api.portal.forms import SentForm, page_router
from api.portal.names import introduce
from api.portal.rendering import redirect, render
from api.portal.session import SignedIn, Viewer, move_to_zone
from api.portal.zones import ZONE_COOKIE, zone_named, zones_by_region
from api.problems import not_found
from api.services import Parts, Services
from api.webhooks import OWNERS
from config import Settings
from db.queries.calendars import calendar_opened_at
from db.stores.calendars import close_calendar
from domain.party import Role

router = page_router("/settings")

_A_YEAR_SECONDS = 365 * 24 * 3600
_MEET = frozenset({Role.PROVIDER, Role.CLIENT})


@router.get("")
async def show_settings(request: Request, viewer: SignedIn, parts: Parts) -> Response:
    """The settings of whoever is signed in."""
    return await _page(request, viewer, parts)


@router.post("")
async def change_settings(
    request: Request, viewer: SignedIn, parts: Parts, form: SentForm
) -> Response:
    """Sets the time zone, for this session and the next ones in this browser."""
    zone = zone_named(form.text("zone"))
    if zone is None:
        return await _page(request, viewer, parts, wrong="is not a time zone")
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


@router.post("/calendar")
async def open_calendar(
    request: Request, viewer: SignedIn, parts: Parts, form: SentForm
) -> Response:
    """Makes a new address for the viewer's calendar, and shows it this once."""
    _require_calendar(viewer)
    async with parts.engine.begin() as conn:
        url = await new_address(request, conn, viewer.party)
    return await _page(request, viewer, parts, calendar_url=url)


@router.post("/calendar/close")
async def end_calendar(
    request: Request, viewer: SignedIn, parts: Parts, form: SentForm
) -> Response:
    """Takes the address of the viewer's calendar away."""
    _require_calendar(viewer)
    async with parts.engine.begin() as conn:
        await close_calendar(conn, viewer.party)
    return redirect(request, "/settings", done="The calendar's address leads nowhere any more.")


async def _page(
    request: Request, viewer: Viewer, parts: Services, *, wrong: str = "", calendar_url: str = ""
) -> Response:
    async with parts.engine.connect() as conn:
        opened_at = await calendar_opened_at(conn, viewer.party)
    response = render(
        request,
        viewer,
        "settings.html",
        status=422 if wrong else 200,
        regions=zones_by_region(),
        wrong=wrong,
        has_calendar=viewer.party.role in _MEET,
        has_webhooks=viewer.party.role in OWNERS,
        calendar_url=calendar_url,
        calendar_opened_at=opened_at,
    )
    if calendar_url:
        response.headers["Cache-Control"] = "no-store"
    return response


def _require_calendar(viewer: Viewer) -> None:
    if viewer.party.role not in _MEET:
        raise not_found()
