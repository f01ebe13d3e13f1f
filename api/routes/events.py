"""The feed for other services: everything that happened, in one order."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from api import paging
from api.auth import Caller, only
from api.models.feed import Feed
from api.openapi import problems
from api.problems import malformed_field
from api.services import Parts
from api.views import feed_view
from db.queries.feed import Bookmark, is_kept, read_feed
from domain.party import Role

router = APIRouter(prefix="/v1/events", tags=["events"])


@router.get(
    "",
    operation_id="listEvents",
    summary="Everything that happened",
    response_model=Feed,
    responses=problems(403, 422),
)
async def read_events(
    caller: Caller,
    parts: Parts,
    limit: paging.Limit = paging.DEFAULT_LIMIT,
    after: paging.AfterSeq = None,
) -> JSONResponse:
    """Oldest first. Going on from `next` misses and repeats nothing. For services and support.

    An `after` is refused that the feed has not come to, or has lost: the database was restored from
    an older copy. Go back to an older one, or begin from the start.
    """
    only(caller, Role.SERVICE, Role.SUPPORT)
    read = _bookmark(after)
    if not await is_kept(parts.engine, read):
        raise malformed_field("after", "is no place of the feed, or none any more: go further back")
    found = await read_feed(parts.engine, after=read.place, limit=limit)
    if found:
        read = Bookmark.at(found[-1])
    return JSONResponse({"items": [feed_view(item) for item in found], "next": _cursor(read)})


def _cursor(read: Bookmark) -> str:
    marked = "" if read.mark is None else f".{read.mark}"
    return paging.cursor(f"{read.place}{marked}")


def _bookmark(after: str | None) -> Bookmark:
    place, mark, *_ = (*paging.numbers_at(after, last=paging.LAST_PLACE), None, None)
    return Bookmark(place=place or 0, mark=mark)
