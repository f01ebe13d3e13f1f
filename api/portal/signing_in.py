"""Signing in and out, and where each role begins."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request
from starlette.responses import Response

from api.portal.forms import SentForm, page_router
from api.portal.names import introduce
from api.portal.navigation import home
from api.portal.paths import local_path
from api.portal.people import DEMO_PEOPLE, demo_person, has_demo_people
from api.portal.rendering import redirect, render
from api.portal.session import SIGN_OUT, Flash, SignedIn, flash, sign_in, sign_out, viewer_of
from api.portal.zones import ZONE_COOKIE, zone_named
from api.problems import not_found
from api.services import Parts
from domain.party import Role

router = page_router()

_SIGNED_OUT = Flash(kind="done", text="You are signed out.")
_SIGNED_OUT_HERE = Flash(
    kind="refused",
    text="You are signed out in this browser. A part of the system cannot be reached: a copy of "
    "your session, if anybody has one, ends 12 hours after you signed in.",
)
_HEADINGS = {Role.PROVIDER: "Providers", Role.CLIENT: "Clients", Role.SUPPORT: "Support"}


@router.get("/")
async def landing(request: Request, viewer: SignedIn) -> Response:
    """Everybody begins at the first tab of their role."""
    return redirect(request, home(viewer.role))


@router.get("/sign-in")
async def show_sign_in(request: Request) -> Response:
    """Offers the identity provider, and on a developer's machine the demo people."""
    onward = local_path(request.query_params.get("next"))
    if viewer_of(request) is not None:
        return redirect(request, onward)
    groups = [
        (heading, [who for who in DEMO_PEOPLE if who.role is role])
        for role, heading in _HEADINGS.items()
    ]
    return render(
        request,
        None,
        "sign_in.html",
        onward=onward,
        identity_provider=request.app.state.identity_provider is not None,
        groups=groups if has_demo_people(request) else [],
    )


@router.post("/sign-in")
async def sign_in_as_demo_person(request: Request, parts: Parts, form: SentForm) -> Response:
    """Signs in one of the demo people. There are none in production."""
    chosen = demo_person(form.text("role"), form.text("id"))
    if chosen is None or not has_demo_people(request):
        raise not_found()
    zone = zone_named(request.cookies.get(ZONE_COOKIE)) or chosen.zone
    viewer = replace(chosen, zone=zone)
    await introduce(parts, viewer)
    await sign_in(request, parts, viewer)
    return redirect(request, local_path(form.text("next")))


@router.post(SIGN_OUT)
async def end_session(request: Request, parts: Parts) -> Response:
    """Signs out, for good."""
    flash(request, _SIGNED_OUT if await sign_out(request, parts) else _SIGNED_OUT_HERE)
    return redirect(request, "/sign-in")
