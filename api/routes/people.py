"""How people are told of what concerns them: by which channels, where, and in which time zone."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import JSONResponse

from api.access import require_id
from api.auth import Caller
from api.body import parse, read_object
from api.models.notices import NoticesModel, NoticesWanted
from api.notices import changing, notices_view
from api.openapi import problems, takes
from api.problems import not_found
from api.services import Parts
from api.writing import answer_once
from db.queries.contacts import get_reach
from domain.party import SUPPORT_DESK, Party, Role

router = APIRouter(prefix="/v1/people", tags=["people"])

_SEE_ALL = frozenset({Role.SUPPORT, Role.SERVICE})


async def _find_person(
    role: Annotated[Literal["provider", "client", "support"], Path(description="Their role.")],
    person_id: Annotated[
        str, Path(description="The id of a person; all of support is one desk, `support`.")
    ],
    caller: Caller,
) -> Party:
    who = Party(role=Role(role), id=require_id(person_id))
    is_somebody = who.role is not Role.SUPPORT or who == SUPPORT_DESK
    if is_somebody and (caller == who or caller.role in _SEE_ALL):
        return who
    raise not_found("There is nobody of this id, or it is somebody else.")


ThePerson = Annotated[Party, Depends(_find_person)]


@router.get(
    "/{role}/{person_id}/notices",
    operation_id="getNotices",
    summary="How somebody is told",
    response_model=NoticesModel,
    responses=problems(404, 422),
)
async def read_notices(who: ThePerson, parts: Parts) -> JSONResponse:
    """Their address, their time zone, and by which channels each group of notices reaches them.

    Everybody reads their own; support and services read everybody's.
    """
    async with parts.engine.connect() as conn:
        return JSONResponse(notices_view(who, await get_reach(conn, who)))


@router.put(
    "/{role}/{person_id}/notices",
    operation_id="changeNotices",
    summary="Choose how somebody is told",
    response_model=NoticesModel,
    responses=problems(404, 409, 413, 422),
    openapi_extra=takes(NoticesWanted),
)
async def change_notices(
    who: ThePerson, request: Request, caller: Caller, parts: Parts
) -> JSONResponse:
    """Changes what is named. 409 `transactional-off` where all that binds them would be off."""
    body = await read_object(request)
    effect = changing(who, parse(NoticesWanted, body), caller)
    return await answer_once(request, caller, parts, body, effect)
