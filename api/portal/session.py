"""Who is signed in: the session is a signed cookie that only our server can write.

It holds the person, their time zone, the secret of their forms and what they are to be told next.
It cannot be read by scripts, is not sent along from other sites, and ends by itself. Copies of it
end when its owner signs out, for then the server knows it as over.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.middleware.sessions import Session

from api.addresses import host_in
from api.portal.paths import local_path
from api.portal.zones import UNKNOWN_ZONE, zone_named
from api.problems import not_found
from api.services import Parts, Services, clock
from config import Settings
from db import outages
from db.queries.sign_outs import is_signed_out
from db.stores.sign_outs import note_sign_out
from domain.party import Party, Role

LASTS = timedelta(hours=12)
"""How long somebody stays signed in, whatever they do: a long working day.

After that the identity provider is asked again, who may know by then that they have no role here.
"""

SIGN_OUT = "/sign-out"
"""Where somebody ends their session."""

_PERSON = "person"
_SINCE = "since"
_ID = "id"
_FORM_SECRET = "forms"  # noqa: S105
_FLASHES = "flashes"
_MOST_FLASHES = 5
_PEOPLE = frozenset({Role.PROVIDER, Role.CLIENT, Role.SUPPORT})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """The person who looks at a page: on whose behalf it acts, and in whose time zone it speaks."""

    party: Party
    name: str
    zone: ZoneInfo

    @property
    def role(self) -> Role:
        """In which role they are here."""
        return self.party.role

    @property
    def id(self) -> str:
        """Their id at the marketplace."""
        return self.party.id


@dataclass(frozen=True, kw_only=True)
class Flash:
    """What somebody is told on the next page that they see: `done`, `taken` or `refused`."""

    kind: str
    text: str


class SignInNeededError(Exception):
    """Nobody is signed in; `next_path` is where they wanted to go."""

    def __init__(self, next_path: str) -> None:
        super().__init__(next_path)
        self.address = f"/sign-in?next={quote(next_path, safe='')}"


def cookie_name(settings: Settings) -> str:
    """The session's cookie. Browsers take the prefix only over TLS, from this very host."""
    return "__Host-keepdate" if settings.behind_tls else "keepdate"


async def sign_in(request: Request, parts: Services, viewer: Viewer) -> None:
    """Begins a session, and ends the one that was here, as `sign_out` does.

    What an anonymous session held, the secret of its forms too, is gone.
    """
    await sign_out(request, parts)
    request.session[_ID] = secrets.token_urlsafe(12)
    # Pages that are opened at once would each make up a secret, and the forms of one be refused.
    form_secret(request)
    request.session[_PERSON] = {
        "role": viewer.role.value,
        "id": viewer.id,
        "name": viewer.name,
        "zone": viewer.zone.key,
    }
    request.session[_SINCE] = int(clock().timestamp())


async def sign_out(request: Request, parts: Services) -> bool:
    """Ends the session wherever its cookie is; False if the database is away, and only here.

    Other browsers may hold copies. And a form that was sent before may be answered later: its
    answer brings the whole session back.
    """
    ended = session_id(request)
    request.session.clear()
    if ended is None:
        return True
    try:
        async with parts.singly.connect() as conn:
            await note_sign_out(conn, ended)
    except outages.KINDS as error:
        if not outages.is_outage(error):
            raise
        _log.warning("A session ended in its browser alone: %s", outages.in_brief(error))
        return False
    return True


async def end_if_signed_out(request: Request, parts: Parts) -> None:
    """Takes away the session of whoever has signed out, though their cookie is still about.

    While the database is away nobody knows, and nobody is let in; all can leave.
    """
    known_by = session_id(request)
    if known_by is None or request.url.path == SIGN_OUT:
        return
    async with parts.singly.connect() as conn:
        if await is_signed_out(conn, known_by):
            # To clear it would have the browser forget its cookie, which may be a newer one by now.
            request.scope["session"] = Session()


def session_id(request: Request) -> str | None:
    """What the session is known by in which somebody is signed in.

    It has none where a release began it that gave them none.
    """
    found: str | None = _lasting(request).get(_ID)
    return found


def move_to_zone(request: Request, zone: ZoneInfo) -> None:
    """Has times shown to this person in another zone from now on."""
    request.session[_PERSON] = {**request.session[_PERSON], "zone": zone.key}


def viewer_of(request: Request) -> Viewer | None:
    """Who is signed in, if anybody is."""
    person: dict[str, Any] | None = _lasting(request).get(_PERSON)
    if person is None or person["role"] not in _PEOPLE:
        return None
    return Viewer(
        party=Party(role=Role(person["role"]), id=person["id"]),
        name=person["name"],
        zone=zone_named(person["zone"]) or UNKNOWN_ZONE,
    )


def _lasting(request: Request) -> dict[str, Any]:
    """The session; nothing is left of one in which somebody has been signed in for too long.

    The age of its cookie does not tell, which is made anew with whatever changes in it. A session
    that a release began which did not note since when counts from when it is first seen.
    """
    session, now = request.session, int(clock().timestamp())
    if _PERSON in session and now - session.setdefault(_SINCE, now) >= LASTS.total_seconds():
        session.clear()
    return session


def form_secret(request: Request) -> str:
    """What every form of this session carries, and nobody else can know."""
    found: str | None = _lasting(request).get(_FORM_SECRET)
    if found is None:
        found = request.session[_FORM_SECRET] = secrets.token_urlsafe(24)
    return found


def knows_form_secret(request: Request, given: str) -> bool:
    """Whether a form comes from a page of this very session."""
    expected: str | None = _lasting(request).get(_FORM_SECRET)
    return expected is not None and secrets.compare_digest(expected.encode(), given.encode())


def flash(request: Request, told: Flash) -> None:
    """Tells somebody something on the next page that they see; once, if they pressed twice."""
    new = [told.kind, told.text]
    waiting = [each for each in request.session.get(_FLASHES, []) if each != new]
    request.session[_FLASHES] = [*waiting, new][-_MOST_FLASHES:]


def take_flashes(request: Request) -> list[Flash]:
    """What somebody is to be told on this page; it is told once."""
    return [Flash(kind=kind, text=text) for kind, text in request.session.pop(_FLASHES, [])]


def signed_in(request: Request) -> Viewer:
    """Who is signed in; anybody else is sent to sign in, and comes back afterwards."""
    viewer = viewer_of(request)
    if viewer is None:
        raise SignInNeededError(wanted(request))
    return viewer


async def _signed_in(request: Request) -> Viewer:
    # Not `signed_in` itself: FastAPI would call it in a thread, which costs more than all it does.
    return signed_in(request)


def require_role(*roles: Role) -> Callable[[Request], Awaitable[Viewer]]:
    """A dependency: who is signed in, in one of these roles. The area of others is not there."""

    async def in_role(request: Request) -> Viewer:
        viewer = signed_in(request)
        if viewer.role not in roles:
            raise not_found()
        return viewer

    return in_role


SignedIn = Annotated[Viewer, Depends(_signed_in)]
ProviderIn = Annotated[Viewer, Depends(require_role(Role.PROVIDER))]
ClientIn = Annotated[Viewer, Depends(require_role(Role.CLIENT))]
SupportIn = Annotated[Viewer, Depends(require_role(Role.SUPPORT))]


def wanted(request: Request) -> str:
    """Where somebody wanted to go, or was when they sent a form: there they come back to."""
    if request.method in {"GET", "HEAD"}:
        query = f"?{request.url.query}" if request.url.query else ""
        return local_path(request.url.path + query)
    # What was posted is lost with the session; the page that it was written on is not.
    page = request.headers.get("referer", "")
    return local_path(urlsplit(page).path) if host_in(page) == request.headers.get("host") else "/"
