"""What people send by forms: read once, within bounds, and only from pages of their own session."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from api.addresses import host_in
from api.portal.session import knows_form_secret
from api.settings import settings_of
from db.ids import new_id
from domain.instants import rfc3339
from domain.refusal import FieldError

CSRF_FIELD = "csrf"
COMMAND_FIELD = "command_id"
ZONE_FIELD = "times_in"
MAX_FORM_BYTES = 256 * 1024
_MAX_FIELDS = 200
_COMMAND_ID = re.compile(r"[!-~]{1,64}")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_IN_WORDS = ("text", "reason", "note", "statement", "description", "materials")
_OUR_FIELDS = frozenset({CSRF_FIELD, COMMAND_FIELD, ZONE_FIELD})


class ForgedError(Exception):
    """A request that changes something, and does not come from a form of this session.

    The session that it comes from may have ended while somebody wrote: `written` is what they did,
    if their browser says that it comes from a page of ours. What others send is nobody's words.
    """

    def __init__(self, written: Sequence[str] = ()) -> None:
        super().__init__()
        self.written = written


class Form(Mapping[str, str]):
    """The fields of a form, by name. `errors` collects what cannot be read as what it should be.

    `written` is what somebody wrote in words of their own, by field, and `shown_again` names the
    fields that the page which answers them holds again: other words would be lost with the form.
    """

    def __init__(self, data: FormData, *, path: str) -> None:
        self._data = data
        self.path = path
        self.errors: list[FieldError] = []
        self.written: dict[str, str] = {}
        self.shown_again: set[str] = set()

    def __getitem__(self, name: str) -> str:
        value = self._data[name]
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._data if name not in _OUR_FIELDS)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def text(self, name: str) -> str:
        """What was written into a field, without space around it; empty if it was left empty."""
        return self.get(name, "").strip()

    def all(self, name: str) -> list[str]:
        """What was written into all fields of a name, without the empty ones."""
        given = [value.strip() for value in self._data.getlist(name) if isinstance(value, str)]
        return [value for value in given if value]

    def words(self) -> list[str]:
        """What somebody wrote in words of their own, in whatever form this is."""
        return [self[name] for name in _IN_WORDS if self.text(name)]

    def checked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return name in self._data

    def instants(self, name: str, zone: ZoneInfo) -> list[str]:
        """Local dates and times of a zone as RFC 3339 in UTC; what is none becomes an error.

        So does what was chosen on a page that showed another zone: nobody meant what it says now.
        """
        found = [self._instant(name, value, zone) for value in self.all(name)]
        return [value for value in found if value is not None]

    def instant(self, name: str, zone: ZoneInfo) -> str | None:
        """A local date and time of a zone as RFC 3339 in UTC; None if left empty or an error."""
        found = self.instants(name, zone)
        return found[0] if found else None

    @property
    def command_id(self) -> str:
        """What this very form is known by, however often it is sent."""
        given = self._data.get(COMMAND_FIELD)
        if isinstance(given, str) and _COMMAND_ID.fullmatch(given):
            return given
        return new_id()

    def _instant(self, name: str, value: str, zone: ZoneInfo) -> str | None:
        try:
            given = datetime.fromisoformat(value)
            instant = given.replace(tzinfo=given.tzinfo or zone).astimezone(UTC)
        except (ValueError, OverflowError):
            self.errors.append(FieldError(field=name, message="is not a date with a time of day"))
            return None
        if given.tzinfo is None and self.text(ZONE_FIELD) not in {"", zone.key}:
            # Another tab has changed it since the page was read, on which this was chosen.
            told = f"was chosen in another time zone than {zone.key}, which your times are in now"
            self.errors.append(FieldError(field=name, message=told))
            return None
        if given.tzinfo is None and instant.astimezone(zone).replace(tzinfo=None) != given:
            told = "does not exist on that day: the clocks go forward"
            self.errors.append(FieldError(field=name, message=told))
            return None
        if given.tzinfo is None and given.replace(tzinfo=zone, fold=1).astimezone(UTC) != instant:
            told = "comes twice on that day: the clocks go back; choose a time before or after that"
            self.errors.append(FieldError(field=name, message=told))
            return None
        return rfc3339(instant)


async def _checked(request: Request) -> Form:
    form = await _read(request)
    token = form._data.get(CSRF_FIELD)
    if not isinstance(token, str) or not knows_form_secret(request, token):
        is_ours = request.headers.get("sec-fetch-site") == "same-origin"
        raise ForgedError(form.words() if is_ours else ())
    request.state.form = form
    return form


def sent_form(request: Request) -> Form | None:
    """The form of a request, if it is one of this session's own."""
    found: Form | None = getattr(request.state, "form", None)
    return found


async def require_own_form(request: Request) -> None:
    """Refuses what could change something and was not sent from a page of this session."""
    if request.method in _SAFE:
        return
    _require_own_site(request)
    await _checked(request)


SentForm = Annotated[Form, Depends(_checked)]
"""The form that was sent, as a parameter of a page."""


def page_router(prefix: str = "") -> APIRouter:
    """The router of a module of pages: out of the API's description, and safe from forged forms."""
    return APIRouter(
        prefix=prefix, include_in_schema=False, dependencies=[Depends(require_own_form)]
    )


def _require_own_site(request: Request) -> None:
    """What browsers say about where a request comes from must be this site, if they say it."""
    public_origin = settings_of(request).public_origin
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise ForgedError
    origin = request.headers.get("origin")
    if origin is None:
        return
    if public_origin is not None:
        own = origin == public_origin
    else:
        own = host_in(origin) == request.headers.get("host")
    if not own:
        raise ForgedError


async def _read(request: Request) -> Form:
    length = request.headers.get("content-length")
    # Browsers always say how long a form is; what does not say it is not read at all.
    if length is None or not length.isdecimal() or int(length) > MAX_FORM_BYTES:
        raise HTTPException(413)
    try:
        data = await request.form(max_files=0, max_fields=_MAX_FIELDS)
        # A sender may name an encoding that yields halves of characters: nothing could keep them.
        "".join(f"{name}{value}" for name, value in data.multi_items()).encode()
    except UnicodeError as error:
        raise HTTPException(400) from error
    return Form(data, path=request.url.path)
