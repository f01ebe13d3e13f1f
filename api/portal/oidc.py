"""Signing in with the marketplace's identity provider, by OpenID Connect."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import MismatchingStateError, OAuthError
from fastapi import Request
from joserfc.errors import JoseError
from starlette.responses import RedirectResponse, Response

from api.portal import pending_sign_ins
from api.portal.forms import page_router
from api.portal.names import introduce
from api.portal.paths import local_path
from api.portal.rendering import redirect, render
from api.portal.session import Viewer, sign_in, viewer_of
from api.portal.zones import UNKNOWN_ZONE, ZONE_COOKIE, zone_named
from api.problems import not_found
from api.services import Parts, Services
from api.settings import settings_of, site_of
from config import Settings
from db.queries.contacts import Source, get_reach
from db.stores.contacts import keep_address
from domain.notices.address import is_address
from domain.party import Party, Role, is_id

router = page_router("/sign-in")

_CALLBACK = "/sign-in/callback"
_ROLES = (Role.SUPPORT, Role.PROVIDER, Role.CLIENT)
"""The portal's roles; of somebody who has several, the first of these."""
_MAX_NAME = 100
_JOINERS = "\u200c\u200d"
"""Nobody sees them, and names of some scripts are not spelt without them."""
_NOT_VERIFIED = (False, "false")
"""Some providers say it by a text."""
_TIMEOUT_SECONDS = 10

_log = logging.getLogger(__name__)


def identity_provider(settings: Settings) -> Any | None:
    """The client of the identity provider, if there is one. It is asked when first needed."""
    if settings.oidc_discovery_url is None:
        return None
    return pending_sign_ins.client_of(
        server_metadata_url=str(settings.oidc_discovery_url),
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "timeout": _TIMEOUT_SECONDS,
            # Made once: reading the authorities that it trusts takes longer than all that it does.
            "verify": httpx2.create_ssl_context(),
        },
    )


@router.get("/start")
async def start(request: Request) -> Response:
    """Sends somebody to the identity provider."""
    provider = _provider(request)
    onward = local_path(request.query_params.get("next"))
    back = f"{site_of(request)}{_CALLBACK}"
    try:
        address = await pending_sign_ins.begin(provider, request, back, onward)
    except httpx2.HTTPError as error:
        return _unreachable(request, error)
    return RedirectResponse(address, 302)


@router.get("/callback")
async def finish(request: Request, parts: Parts) -> Response:
    """Signs in whom the identity provider vouches for, if they have a role here."""
    provider = _provider(request)
    onward = pending_sign_ins.onward_from(request)
    try:
        token = await provider.authorize_access_token(request)
    except httpx2.HTTPError as error:
        return _unreachable(request, error)
    except MismatchingStateError as error:
        # The answer to one tab of many, or one that was opened again: nobody waits for it.
        return _failed(request, error, "late" if viewer_of(request) else "failed")
    except (OAuthError, JoseError, ValueError) as error:
        return _failed(request, error, "failed")
    claims = token.get("userinfo") or {}
    viewer = _viewer(request, claims)
    if viewer is None:
        return _refused(request, "no-role")
    viewer = await _where_they_were(parts, viewer)
    await introduce(parts, viewer)
    await _note_address(parts, viewer, claims)
    await _begin_session(request, parts, viewer)
    return redirect(request, onward)


async def _begin_session(request: Request, parts: Services, viewer: Viewer) -> None:
    """Signs in for this tab and for the others in which somebody signs in at the same time.

    Whoever is signed in already goes on with their session: forms of other tabs belong to it.
    """
    known = viewer_of(request)
    if known is None or known.party != viewer.party:
        pending = pending_sign_ins.pending_in(request.session)
        await sign_in(request, parts, viewer)
        request.session.update(pending)


async def _where_they_were(parts: Services, viewer: Viewer) -> Viewer:
    """In the zone that is known of them, where neither browser nor provider names one."""
    if viewer.zone != UNKNOWN_ZONE:
        return viewer
    async with parts.engine.connect() as conn:
        known = (await get_reach(conn, viewer.party)).zone
    return replace(viewer, zone=zone_named(known) or UNKNOWN_ZONE)


async def _note_address(parts: Services, viewer: Viewer, claims: dict[str, Any]) -> None:
    """Notes where somebody gets mail, if the identity provider knows that it is theirs.

    Support is told as one, at an address that is set for its desk.
    """
    email = claims.get("email")
    if viewer.role is Role.SUPPORT or claims.get("email_verified") in _NOT_VERIFIED:
        return
    if isinstance(email, str) and is_address(email):
        async with parts.engine.begin() as conn:
            await keep_address(conn, viewer.party, email, Source.SIGN_IN)


def _provider(request: Request) -> Any:
    provider = request.app.state.identity_provider
    if provider is None:
        raise not_found()
    return provider


def _unreachable(request: Request, error: Exception) -> Response:
    return _failed(request, error, "unreachable", status=503)


def _failed(request: Request, error: Exception, reason: str, *, status: int = 403) -> Response:
    _log.warning("Signing in failed: %s", type(error).__name__)
    return _refused(request, reason, status=status)


def _refused(request: Request, reason: str, *, status: int = 403) -> Response:
    known = viewer_of(request)
    return render(request, None, "sign_in_refused.html", status=status, reason=reason, known=known)


def _viewer(request: Request, claims: dict[str, Any]) -> Viewer | None:
    settings = settings_of(request)
    given = _claim(claims, settings.oidc_role_claim)
    held = given if isinstance(given, list) else [given]
    role = next((role for role in _ROLES if role.value in held), None)
    person_id = _claim(claims, settings.oidc_id_claim)
    if role is None or not isinstance(person_id, str) or not is_id(person_id):
        return None
    names = (_name(claims, "name"), _name(claims, "preferred_username"), person_id)
    chosen, told = request.cookies.get(ZONE_COOKIE), claims.get("zoneinfo")
    zone = zone_named(chosen) or zone_named(told if isinstance(told, str) else None)
    return Viewer(
        party=Party(role=role, id=person_id),
        name=next(filter(None, names)),
        zone=zone or UNKNOWN_ZONE,
    )


def _name(claims: dict[str, Any], claim: str) -> str:
    """A name on one line, of what can be kept; empty where there is none. People choose theirs."""
    given = claims.get(claim)
    words = given.split() if isinstance(given, str) else []
    kept = (
        "".join(each for each in word if each.isprintable() or each in _JOINERS) for word in words
    )
    return " ".join(kept)[:_MAX_NAME].strip()


def _claim(claims: dict[str, Any], name: str) -> Any:
    """A claim by its name, or by the names that lead to it: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
