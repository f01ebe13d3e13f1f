"""Every late event of a provider, those included that no longer matter to where they stand."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from api import paging
from api.access import TheProvider
from api.models.standing import LateEventsPage
from api.openapi import problems
from api.services import Parts
from db.queries.late_events import LateEventRow, list_late_events
from domain.standing.view import late_event_json

router = APIRouter(prefix="/v1/providers/{provider_id}/late-events", tags=["standing"])


@router.get(
    "",
    operation_id="listLateEvents",
    summary="Every late event of a provider",
    response_model=LateEventsPage,
    responses=problems(404, 422),
)
async def list_all(
    provider_id: TheProvider,
    parts: Parts,
    limit: paging.Limit = paging.DEFAULT_LIMIT,
    after: paging.After = None,
) -> JSONResponse:
    """The newest on record first: those that count, and those that are excused or settled."""
    place = paging.number_at(after)
    async with parts.engine.connect() as conn:
        found = await list_late_events(conn, provider_id, limit=limit + 1, after=place)
    return JSONResponse(
        paging.page(found, limit, shown=_shown, place_of=lambda row: str(row.place))
    )


def _shown(row: LateEventRow) -> dict[str, object]:
    return late_event_json(row.event, counts=row.counts)
