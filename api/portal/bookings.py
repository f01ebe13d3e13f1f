"""The Bookings tab: a person's bookings, newest first, and the page of each."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from api import paging
from api.calendars import invite_response
from api.portal.booking_page import booking_page
from api.portal.counted import counted
from api.portal.forms import page_router
from api.portal.found import TheBooking, id_of
from api.portal.listed import After, Search, listed, looked_for
from api.portal.names import names_of
from api.portal.rendering import render
from api.portal.session import SignedIn
from api.portal.tab_counts import tab_counts
from api.portal.waiting import waiting_for
from api.problems import not_found
from api.services import Parts
from db.queries.booking_search import count_by_state, matching
from db.queries.bookings import BookingRow, Intent, list_bookings
from domain.booking.state import State
from domain.party import Party, Role

router = page_router("/bookings")

_PER_PAGE = 25
_SEARCH = {
    Role.PROVIDER: "Client or topic",
    Role.CLIENT: "Provider or topic",
    Role.SUPPORT: "Provider, client, topic or id",
}

Filter = Annotated[State | None, Query(description="In this state.")]


@router.get("")
async def show_bookings(
    request: Request,
    viewer: SignedIn,
    parts: Parts,
    state: Filter = None,
    q: Search = "",
    after: After = None,
) -> Response:
    """The viewer's bookings: of one state or all, those that match, from a place on."""
    q = looked_for(q)
    async with parts.engine.connect() as conn:
        counts = await count_by_state(conn, viewer.party)
        among = await matching(conn, viewer.party, q) if q else None
        found: list[BookingRow] = []
        if among is None or among.is_anything:
            found = await list_bookings(
                conn,
                viewer_provider_id=viewer.id if viewer.role is Role.PROVIDER else None,
                viewer_client_id=viewer.id if viewer.role is Role.CLIENT else None,
                state=state,
                among=among,
                limit=_PER_PAGE + 1,
                after=paging.place(after or None),
            )
        names = await names_of(request, conn, _people(found))
        unread = await tab_counts(conn, viewer.party)
    return render(
        request,
        viewer,
        "bookings.html",
        tab="bookings",
        counts=unread,
        bookings=listed(
            [row.booking for row in found],
            _PER_PAGE,
            after=after,
            place_of=lambda booking: booking.id,
        ),
        q=q,
        search_hint=_SEARCH[viewer.role],
        state=state.value if state else "",
        filters=_filters(counts),
        waiting=lambda booking: waiting_for(booking, viewer.role),
        names=names,
    )


@router.get("/{booking_id}")
async def view(found: TheBooking, request: Request, viewer: SignedIn, parts: Parts) -> Response:
    """One booking: when, with whom, what can be done now, and what happened so far."""
    return await booking_page(request, viewer, parts, id_of(found))


@router.get("/{booking_id}/invite.ics")
async def invite(found: TheBooking, request: Request, viewer: SignedIn, parts: Parts) -> Response:
    """The session as a file for the viewer's calendar program."""
    if isinstance(found, Intent):
        raise not_found()
    return await invite_response(request, parts, found, viewer.party)


def _filters(counts: dict[State, int]) -> list[tuple[str, str, str]]:
    """All, and then each state, with how many there are."""
    return [
        ("", "All", counted(sum(counts.values()))),
        *((state.value, state.value.capitalize(), counted(counts[state])) for state in State),
    ]


def _people(rows: list[BookingRow]) -> list[Party]:
    return [party for row in rows for party in row.booking.parties]
