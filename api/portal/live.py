"""Live pages: where a page stands when it is read, and the stream that goes on from there."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from api.live.response import live_response
from api.portal.forms import page_router
from api.portal.session import Viewer, session_id, viewer_of
from api.services import Parts

PATH = "/live"

_READ_BY = "x-keepdate-live"
"""With this header a page reads itself again; it says by whom it was read first."""

router = page_router(PATH)


@router.get("")
async def follow(request: Request, parts: Parts) -> Response:
    """The stream of whoever is signed in, if the page that asks was read by them (`viewer`).

    For anybody else there is none, or a page left open by one person would follow what concerns the
    next one, and would never learn that it is no longer shown anything of its own.
    """
    viewer = viewer_of(request)
    if viewer is None or request.query_params.get("viewer", str(viewer.party)) != str(viewer.party):
        return Response(status_code=204)
    return live_response(
        request, parts.live, viewer.party, named=False, session=session_id(request)
    )


async def note_place(request: Request, parts: Parts) -> None:
    """Notes where the feed stands before a page is read: what happens later is told live."""
    request.state.live_place = parts.live.place


def place_of(request: Request) -> int | None:
    """Where the feed stood when the page of this request began to be read."""
    found: int | None = getattr(request.state, "live_place", None)
    return found


def is_refresh(request: Request) -> bool:
    """Whether a page reads itself again, while its viewer goes on looking at the first reading.

    What waits to be told in a flash is not shown, and has to be left for the next page.
    """
    return _READ_BY in request.headers


def is_seen_by(viewer: Viewer, request: Request) -> bool:
    """Whether they see the answer; the page of somebody else, which is told that it is left behind,
    does not show it."""
    # A page from before a release that says by whom it was read says "1".
    return request.headers.get(_READ_BY, "1") in {"1", str(viewer.party)}
