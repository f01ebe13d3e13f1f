"""The feed for other services: everything that happened, in one order."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from api import paging
from api.auth import Caller, only
from api.models.feed import Feed
from api.openapi import problems
from api.services import Parts
from api.views import feed_view
from db.queries.feed import read_feed
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
    """Oldest first. Going on from `next` misses and repeats nothing. For services and support."""
    only(caller, Role.SERVICE, Role.SUPPORT)
    place = paging.number_at(after, last=paging.LAST_PLACE) or 0
    found = await read_feed(parts.engine, after=place, limit=limit)
    last = found[-1].id if found else place
    return JSONResponse(
        {"items": [feed_view(item) for item in found], "next": paging.cursor(str(last))}
    )
