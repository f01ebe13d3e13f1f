"""Where providers stand, and what providers and support can do about it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from api import paging, standings
from api.access import TheProvider
from api.auth import Caller
from api.commands import carried_out_once, read_command
from api.gateway import STANDING_MESSAGES
from api.models.booking import Timeline
from api.models.standing import StandingModel
from api.openapi import problems
from api.routes.commands import Endpoint, add_commands, unknown
from api.services import Parts
from db.queries.timelines import refused_in_all, standing_timeline
from domain.standing.commands import ReportLateEvent

router = APIRouter(prefix="/v1/providers/{provider_id}/standing", tags=["standing"])

COMMANDS = {
    # Only bookings report what was late, from workflow to workflow.
    name: message
    for name, message in STANDING_MESSAGES.items()
    if name != ReportLateEvent.name
}


@router.get(
    "",
    operation_id="getStanding",
    summary="Where a provider stands",
    response_model=StandingModel,
    responses=problems(404),
)
async def read_standing(provider_id: TheProvider, parts: Parts) -> JSONResponse:
    """For the provider themselves, support and services. Good until something late is known."""
    async with parts.engine.connect() as conn:
        return JSONResponse(await standings.standing_of(conn, provider_id))


@router.get(
    "/timeline",
    operation_id="getStandingTimeline",
    summary="Every decision on a provider's standing",
    response_model=Timeline,
    responses=problems(404, 422),
)
async def read_timeline(
    provider_id: TheProvider,
    parts: Parts,
    limit: paging.Limit = paging.TIMELINE_LIMIT,
    after: paging.AfterSeq = None,
) -> JSONResponse:
    """Who, when, by which rule, and what came of it; oldest first."""
    line = paging.number_at(after) or 0
    async with parts.engine.connect() as conn:
        entries = await standing_timeline(conn, provider_id, limit=limit + 1, after=line)
        refused = await refused_in_all(conn, provider_id)
    return JSONResponse(paging.timeline(entries, limit, refused=refused))


def _endpoint(name: str) -> Endpoint:
    async def give(
        provider_id: TheProvider, request: Request, caller: Caller, parts: Parts
    ) -> JSONResponse:
        given = await read_command(request, caller, COMMANDS, name)
        answered = await carried_out_once(
            parts, given, provider_id, lambda: standings.tell(parts, provider_id, given)
        )
        return answered.response

    return give


add_commands(
    router,
    COMMANDS,
    _endpoint,
    model=StandingModel,
    answered="The standing as it is then.",
)


@router.post("/{command}", include_in_schema=False)
async def unknown_command(provider_id: TheProvider, command: str) -> JSONResponse:
    """Says which commands there are, to whoever mistypes one."""
    del provider_id
    raise unknown(command, COMMANDS)
