"""The Messages tab: what client and provider say, before, during and after a booking."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse

from api import paging
from api.auth import Caller, only
from api.body import parse, read_object
from api.chat import beginning, conversation_of, saying
from api.models.conversation import (
    ConversationModel,
    ConversationPage,
    MessageModel,
    MessagePage,
    NewConversation,
    NewMessage,
)
from api.openapi import problems, takes
from api.problems import malformed_field
from api.services import Parts
from api.views import conversation_view, message_view
from api.writing import answer_once
from db.queries.conversations import list_conversations, list_messages
from db.stores.conversations import mark_read
from domain.party import Party, Role

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

ConversationId = Annotated[str, Path(description="The id of a conversation.")]
_TALKERS = (Role.PROVIDER, Role.CLIENT, Role.SUPPORT)


@router.get(
    "",
    operation_id="listConversations",
    summary="The caller's conversations",
    response_model=ConversationPage,
    responses=problems(403, 422),
)
async def find_conversations(
    caller: Caller,
    parts: Parts,
    limit: paging.Limit = paging.DEFAULT_LIMIT,
    after: paging.After = None,
) -> JSONResponse:
    """The last active first. Support sees all."""
    only(caller, *_TALKERS)
    place = paging.place(after)
    async with parts.engine.connect() as conn:
        found = await list_conversations(conn, viewer=caller, limit=limit + 1, after=place)
    return JSONResponse(
        paging.page(found, limit, shown=conversation_view, place_of=lambda row: row.cursor)
    )


@router.post(
    "",
    operation_id="openConversation",
    summary="Find or begin a conversation",
    status_code=201,
    response_model=ConversationModel,
    responses={
        200: {"model": ConversationModel, "description": "There was one already."},
        **problems(403, 409, 413, 422),
    },
    openapi_extra=takes(NewConversation),
)
async def open_conversation(request: Request, caller: Caller, parts: Parts) -> JSONResponse:
    """There is one conversation for each client and provider, found or begun."""
    only(caller, *_TALKERS)
    body = await read_object(request)
    wanted = parse(NewConversation, body)
    provider_id = _named(caller, Role.PROVIDER, wanted.provider_id)
    client_id = _named(caller, Role.CLIENT, wanted.client_id)

    effect = beginning(provider_id=provider_id, client_id=client_id, caller=caller)
    return await answer_once(request, caller, parts, body, effect)


@router.get(
    "/{conversation_id}/messages",
    operation_id="listMessages",
    summary="What was said",
    response_model=MessagePage,
    responses=problems(403, 404, 422),
)
async def read_messages(
    conversation_id: ConversationId,
    caller: Caller,
    parts: Parts,
    limit: paging.Limit = paging.DEFAULT_LIMIT,
    after: paging.After = None,
) -> JSONResponse:
    """Newest first. The client and the provider have read what they were shown."""
    only(caller, *_TALKERS)
    place = paging.place(after)
    async with parts.engine.begin() as conn:
        await conversation_of(conn, conversation_id, caller)
        found = await list_messages(conn, conversation_id, limit=limit + 1, after=place)
        if found and caller.role is not Role.SUPPORT:
            await mark_read(conn, conversation_id=conversation_id, reader=caller, up_to=found[0].id)
    return JSONResponse(
        paging.page(found, limit, shown=message_view, place_of=lambda message: message.id)
    )


@router.post(
    "/{conversation_id}/messages",
    operation_id="postMessage",
    summary="Say something",
    status_code=201,
    response_model=MessageModel,
    responses=problems(403, 404, 409, 413, 422, 429),
    openapi_extra=takes(NewMessage),
)
async def say(
    conversation_id: ConversationId, request: Request, caller: Caller, parts: Parts
) -> JSONResponse:
    """The client, the provider and support can say something."""
    only(caller, *_TALKERS)
    async with parts.engine.connect() as conn:
        await conversation_of(conn, conversation_id, caller)
    body = await read_object(request)
    effect = saying(conversation_id, body, caller)
    return await answer_once(request, caller, parts, body, effect)


def _named(caller: Party, role: Role, named: str | None) -> str:
    """The id of one side: the caller's own, or the one that is named."""
    field = f"{role}_id"
    if caller.role is role:
        if named not in (None, caller.id):
            raise malformed_field(field, f"a {role} talks for themselves only")
        return caller.id
    if named is None:
        raise malformed_field(field, f"which {role} to talk to has to be named")
    return named
