"""What each person sets for themselves: their time zone, and the address of their calendar."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.calendars import address_with, hash_of, new_address
from api.idempotency import Answered
from api.portal.act import write_once
from api.portal.forms import Form, SentForm, page_router
from api.portal.names import introduce
from api.portal.rendering import redirect, render
from api.portal.session import SignedIn, Viewer, move_to_zone
from api.portal.zones import ZONE_COOKIE, zone_named, zones_by_region
from api.problems import not_found
from api.services import Parts, Services
from api.settings import settings_of
from api.webhooks import OWNERS
from db.queries.calendars import calendar_opened_at, owner_of_calendar
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
    response.set_cookie(
        ZONE_COOKIE,
        zone.key,
        max_age=_A_YEAR_SECONDS,
        secure=settings_of(request).behind_tls,
        httponly=True,
        samesite="lax",
    )
    return response


@router.post("/calendar")
async def open_calendar(
    request: Request, viewer: SignedIn, parts: Parts, form: SentForm
) -> Response:
    """Makes a new address for the viewer's calendar, and shows it on the page that follows alone.

    Sent once more, by two presses or a reload, the form changes nothing: the address may be in a
    calendar program by then. It is shown again unless it leads nowhere any more.
    """
    _require_calendar(viewer)
    token = _token_of(request, viewer, form)

    async def open_once(conn: AsyncConnection, _: str) -> Answered:
        await new_address(request, conn, viewer.party, token=token)
        return Answered(status=200, body={})

    await write_once(viewer, parts, form, open_once)
    async with parts.engine.connect() as conn:
        leads_there = await owner_of_calendar(conn, hash_of(token)) == viewer.party
    url = address_with(request, token) if leads_there else ""
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
    regions = zones_by_region()
    response = render(
        request,
        viewer,
        "settings.html",
        status=422 if wrong else 200,
        regions=regions,
        # Identity providers may name a zone by an old name, which is not offered.
        is_offered=any(viewer.zone.key in names for names in regions.values()),
        wrong=wrong,
        has_calendar=viewer.party.role in _MEET,
        has_webhooks=viewer.party.role in OWNERS,
        calendar_url=calendar_url,
        calendar_opened_at=opened_at,
    )
    if calendar_url:
        response.headers["Cache-Control"] = "no-store"
    return response


def _token_of(request: Request, viewer: Viewer, form: Form) -> str:
    """The secret of the address that a form makes: nobody else can know it, and it is not kept."""
    told = f"calendar {viewer.role.value} {viewer.id} {form.command_id}"
    key = settings_of(request).require_session_secret().encode()
    found = hmac.digest(key, told.encode(), "sha256")
    return base64.urlsafe_b64encode(found).decode().rstrip("=")


def _require_calendar(viewer: Viewer) -> None:
    if viewer.party.role not in _MEET:
        raise not_found()
