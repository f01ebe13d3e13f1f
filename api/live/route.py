"""The live stream for services and apps."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.auth import Caller
from api.live.response import LiveResponse, live_response
from api.models.live import LiveEvent
from api.openapi import problems, streams
from api.services import Parts

router = APIRouter(prefix="/v1/live", tags=["live"])

_GOING_ON = {
    "parameters": [
        {
            "name": name,
            "in": place,
            "required": False,
            "description": "The `id` of the last event that was received; left out: from now on.",
            "schema": {"type": "string"},
        }
        for name, place in (("Last-Event-ID", "header"), ("after", "query"))
    ]
}


@router.get(
    "",
    operation_id="followLive",
    summary="What happens, live",
    response_class=Response,
    responses={**streams(LiveResponse.media_type, LiveEvent), **problems(429)},
    openapi_extra=_GOING_ON,
)
async def follow(request: Request, caller: Caller, parts: Parts) -> Response:
    """Server-sent events of what concerns the caller; support and services are told everything.

    The answer has no end of its own. Each event is named by its type. `Last-Event-ID`, which
    browsers send by themselves, or else `after` goes on from there: nothing is missed, and nothing
    told twice. `position` moves that id on while nothing happens; `reset` says that too much
    happened to be told one by one, and all has to be read anew. A stream ends after a quarter of
    an hour; connect again. A caller has at most 10 of them.
    """
    return live_response(request, parts.live, caller)
