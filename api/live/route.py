"""The live stream for services and apps."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.auth import Caller
from api.live.response import live_response
from api.services import Parts

router = APIRouter(prefix="/v1/live", tags=["live"])


# OpenAPI describes answers that end, and programs that try every operation wait for them.
@router.get("", operation_id="followLive", summary="What happens, live", include_in_schema=False)
async def follow(request: Request, caller: Caller, parts: Parts) -> Response:
    """Server-sent events of what concerns the caller; support and services are told everything."""
    return live_response(request, parts.live, caller)
