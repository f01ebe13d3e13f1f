"""Invites and calendars, for the API and for the portal."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.portal.names import Names, names_of
from api.problems import refused_with
from api.services import Services, clock
from api.settings import settings_of, site_of
from db.queries.bookings import BookingRow
from db.queries.calendars import sessions_of
from db.stores.calendars import open_calendar
from domain.party import Party, Role
from domain.refusal import Code
from notices import invite

_KEPT = timedelta(days=90)
"""How long a calendar shows what is over."""
_MOST = 1_000
_TOKEN_BYTES = 32
_WRITTEN_BY = ThreadPoolExecutor(2, thread_name_prefix="calendars")
"""Threads for calendars alone: those of the loop look names up too, for whatever connects."""


def hash_of(token: str) -> str:
    """What is kept of the secret in a calendar's address."""
    return hashlib.sha256(token.encode()).hexdigest()


async def new_address(
    request: Request, conn: AsyncConnection, owner: Party, *, token: str | None = None
) -> str:
    """A new private address for a person's calendar; an earlier one leads nowhere from now on.

    `token` is the secret in it, where that has to be the same another time.
    """
    token = token or secrets.token_urlsafe(_TOKEN_BYTES)
    await open_calendar(conn, owner, token_hash=hash_of(token), now=clock())
    return address_with(request, token)


def address_with(request: Request, token: str) -> str:
    """The address of a calendar, by the secret in it."""
    return f"{site_of(request)}/v1/calendars/{token}.ics"


async def invite_response(
    request: Request, parts: Services, found: BookingRow, reader: Party
) -> Response:
    """The invite to a booking, as a file. Raises the problem 409 where it never had a date."""
    booking = found.booking
    method = invite.method_of(booking)
    if method is None:
        raise refused_with(Code.NOT_CONFIRMED, "The booking has no date yet.")
    async with parts.engine.connect() as conn:
        names = await names_of(request, conn, booking.parties)
    session = _session(request, found, reader, names)
    body = invite.invite(session, organizer=settings_of(request).mail_address, at=clock())
    return Response(
        body,
        media_type=f"{invite.MEDIA_TYPE}; method={method}; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="booking-{booking.id}.ics"',
            "Cache-Control": "private, no-store",
        },
    )


async def calendar_response(request: Request, parts: Services, owner: Party) -> Response:
    """The sessions of a person, as a calendar program reads them."""
    async with parts.engine.connect() as conn:
        found = await sessions_of(conn, owner, since=clock() - _KEPT, limit=_MOST)
        names = await names_of(
            request, conn, [each for row in found for each in row.booking.parties]
        )
    # Of a thousand sessions it takes seconds, in which nobody else would be answered.
    calendar = partial(
        invite.calendar_of,
        _sessions(request, found, owner, names),
        name="Keepdate",
        organizer=settings_of(request).mail_address,
    )
    body = await asyncio.get_running_loop().run_in_executor(_WRITTEN_BY, calendar)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex"}
    if tag in _known(request):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=f"{invite.MEDIA_TYPE}; charset=utf-8", headers=headers)


def _known(request: Request) -> set[str]:
    """The tags of what somebody has already; a proxy that compresses marks them as weak."""
    tags = request.headers.get("if-none-match", "").split(",")
    return {tag.strip().removeprefix("W/") for tag in tags}


def _sessions(
    request: Request, found: Sequence[BookingRow], owner: Party, names: Names
) -> list[invite.Session]:
    return [_session(request, row, owner, names) for row in found]


def _session(request: Request, found: BookingRow, caller: Party, names: Names) -> invite.Session:
    booking, logistics = found.booking, found.logistics
    provider, client = booking.parties
    # Support and services see what the client has.
    reader, other = (provider, client) if caller.role is Role.PROVIDER else (client, provider)
    return invite.Session(
        booking=booking,
        reader=invite.Person(party=reader, name=names.of(reader)),
        other_name=names.of(other),
        conference_url=logistics.conference_url,
        materials=logistics.materials,
        note=logistics.note,
        page=f"{site_of(request)}/bookings/{booking.id}",
    )
