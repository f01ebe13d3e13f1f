"""The live stream for services and apps."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.auth import Caller
from api.live.response import live_response
from api.services import Parts

router = APIRouter(prefix="/v1/live", tags=["live"])

DESCRIPTION = """
`GET /v1/live` is not listed below, for its answer has no end: server-sent events of what concerns
the caller, each named by its type (those of `/v1/events`, `message.posted`, `message.read`,
`logistics.changed`, `reminder.sent`), with `{type, subject, booking_id?, conversation_id?,
provider_id?, revision?}` as its data. They say that something happened;
what it was is read from the paths below. `Last-Event-ID` (or `?after=`)
goes on from there: nothing is missed, and nothing told twice. `position` moves that id on while
nothing happens; `reset` says that too much happened to be told one by one, and all has to be read
anew. A stream ends after a quarter of an hour; connect again. A caller has at most 10 of them.
"""
"""What the description of the API says of the one path that it cannot list."""


# OpenAPI describes answers that end, and programs that try every operation wait for them.
@router.get("", operation_id="followLive", summary="What happens, live", include_in_schema=False)
async def follow(request: Request, caller: Caller, parts: Parts) -> Response:
    """Server-sent events of what concerns the caller; support and services are told everything."""
    return live_response(request, parts.live, caller)
