"""Topics: what providers offer, and clients find."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse

from api import paging, topics
from api.auth import Caller, only
from api.body import parse_change, parse_new, read_object
from api.gateway import Identifier, Text
from api.idempotency import Answered
from api.models.topic import NewTopic, TopicChange, TopicModel, TopicPage
from api.openapi import MADE, problems, takes
from api.problems import malformed_field, refused_with
from api.services import Parts
from api.views import topic_view
from api.writing import answer_once
from db.queries.topics import TopicRow, list_topics
from domain.party import Party, Role
from domain.refusal import Code

router = APIRouter(prefix="/v1/topics", tags=["topics"])

TopicId = Annotated[str, Path(description="The id of a topic.")]
_KEEPERS = (Role.PROVIDER, Role.SUPPORT, Role.SERVICE)


@router.post(
    "",
    operation_id="createTopic",
    summary="Offer a topic",
    status_code=201,
    response_model=TopicModel,
    responses={**MADE, **problems(403, 409, 413, 422)},
    openapi_extra=takes(NewTopic),
)
async def create_topic(request: Request, caller: Caller, parts: Parts) -> JSONResponse:
    """A provider offers a topic of their own; support and services name the provider."""
    only(caller, *_KEEPERS)
    body = await read_object(request)
    wanted = parse_new(NewTopic, body)
    owner = _owner(caller, wanted)

    async def create(conn: AsyncConnection, topic_id: str) -> Answered:
        return await topics.add(conn, topic_id, wanted, provider_id=owner)

    return await answer_once(request, caller, parts, body, create, makes_in=router.prefix)


@router.get(
    "",
    operation_id="listTopics",
    summary="Find topics",
    response_model=TopicPage,
    responses=problems(422),
)
async def find_topics(
    caller: Caller,
    parts: Parts,
    provider_id: Annotated[Identifier | None, Query(description="Of this provider.")] = None,
    q: Annotated[
        Text | None, Query(max_length=200, description="Found in title or description.")
    ] = None,
    limit: paging.Limit = paging.DEFAULT_LIMIT,
    after: paging.After = None,
) -> JSONResponse:
    """The listed topics and, for a provider, their own in any status; newest first."""
    place = paging.place(after)
    async with parts.engine.connect() as conn:
        found = await list_topics(
            conn, viewer=caller, provider_id=provider_id, q=q, limit=limit + 1, after=place
        )
    return JSONResponse(
        paging.page(found, limit, shown=topic_view, place_of=lambda topic: topic.id)
    )


@router.get(
    "/{topic_id}",
    operation_id="getTopic",
    summary="One topic",
    response_model=TopicModel,
    responses=problems(404),
)
async def read_topic(topic_id: TopicId, caller: Caller, parts: Parts) -> JSONResponse:
    """One topic in whatever status: bookings refer to those that are no longer listed too."""
    del caller
    async with parts.engine.connect() as conn:
        return JSONResponse(topic_view(await topics.existing(conn, topic_id)))


@router.patch(
    "/{topic_id}",
    operation_id="changeTopic",
    summary="Change a topic, pause it, or list it again",
    response_model=TopicModel,
    responses=problems(403, 404, 409, 413, 422),
    openapi_extra=takes(TopicChange),
)
async def change_topic(
    topic_id: TopicId, request: Request, caller: Caller, parts: Parts
) -> JSONResponse:
    """Changes what is named. Bookings keep the title and the length that they were made with."""
    async with parts.engine.connect() as conn:
        topic = await topics.existing(conn, topic_id)
    if caller.role not in (Role.SUPPORT, Role.SERVICE) and caller != _keeper(topic):
        raise refused_with(Code.NOT_ALLOWED, "Only the topic's own provider can change it.")
    body = await read_object(request)
    wanted = parse_change(TopicChange, body)

    async def change(conn: AsyncConnection, _: str) -> Answered:
        return await topics.change(conn, topic_id, wanted, caller=caller)

    return await answer_once(request, caller, parts, body, change)


def _owner(caller: Party, wanted: NewTopic) -> str:
    if caller.role is Role.PROVIDER:
        if wanted.provider_id not in (None, caller.id):
            raise malformed_field("provider_id", "a provider adds their own topics only")
        return caller.id
    if wanted.provider_id is None:
        raise malformed_field("provider_id", "whose topic it is has to be named")
    return wanted.provider_id


def _keeper(topic: TopicRow) -> Party:
    return Party(role=Role.PROVIDER, id=topic.provider_id)
