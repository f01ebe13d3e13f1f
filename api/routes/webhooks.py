"""Webhooks: where services are told of events, and what became of each message."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from api import paging, webhooks
from api.auth import Caller, only
from api.body import parse_change, parse_new, read_object
from api.idempotency import Answered, Write
from api.models.base import Accepted
from api.models.webhook import (
    DeliveryPage,
    NewSecret,
    NewWebhook,
    NewWebhookModel,
    WebhookChange,
    WebhookModel,
    WebhookPage,
)
from api.openapi import IDEMPOTENCY_KEY, MADE, problems, takes
from api.services import Parts, clock
from api.writing import answer_once
from db.queries.webhooks import WebhookRow, list_deliveries, list_webhooks
from db.stores.idempotency import Claim
from db.stores.webhooks import delete_webhook
from domain.party import Party

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

_REPEATABLE = {"parameters": [IDEMPOTENCY_KEY]}


async def _owner(caller: Caller) -> Party:
    only(caller, *webhooks.OWNERS)
    return caller


Owner = Annotated[Party, Depends(_owner)]
"""The caller, who is one of those that are told of events."""


async def _find(
    webhook_id: Annotated[str, Path(description="The id of an endpoint.")],
    owner: Owner,
    parts: Parts,
) -> WebhookRow:
    async with parts.engine.connect() as conn:
        return await webhooks.existing(conn, webhook_id, owner)


TheWebhook = Annotated[WebhookRow, Depends(_find)]
"""The caller's endpoint that the path names."""


@router.post(
    "",
    operation_id="createWebhook",
    summary="Be told of events at an address",
    status_code=201,
    response_model=NewWebhookModel,
    responses={**MADE, **problems(403, 409, 413, 422)},
    openapi_extra=takes(NewWebhook),
)
async def create_webhook(request: Request, owner: Owner, parts: Parts) -> JSONResponse:
    """Messages are signed by Standard Webhooks, with the secret that is told here and never again.

    Services and support are told of everything, a provider of their own bookings and standing.
    """
    body = await read_object(request)
    wanted = parse_new(NewWebhook, body)
    reach = webhooks.reach_of(request)
    webhooks.require_url(wanted.url, reach)

    async def create(conn: AsyncConnection, webhook_id: str) -> Answered:
        return await webhooks.add(conn, webhook_id, wanted, owner=owner, reach=reach)

    made = await answer_once(request, owner, parts, body, create, makes_in=router.prefix)
    return _secret(made)


@router.get(
    "",
    operation_id="listWebhooks",
    summary="The caller's endpoints",
    response_model=WebhookPage,
    responses=problems(403, 422),
)
async def find_webhooks(
    owner: Owner,
    parts: Parts,
    limit: paging.Limit = paging.DEFAULT_LIMIT,
    after: paging.After = None,
) -> JSONResponse:
    """Newest first. Support sees everybody's."""
    place = paging.place(after)
    async with parts.engine.connect() as conn:
        found = await list_webhooks(conn, viewer=owner, limit=limit + 1, after=place)
    return JSONResponse(
        paging.page(found, limit, shown=webhooks.webhook_view, place_of=lambda row: row.id)
    )


@router.get(
    "/{webhook_id}",
    operation_id="getWebhook",
    summary="One endpoint",
    response_model=WebhookModel,
    responses=problems(403, 404),
)
async def read_webhook(webhook: TheWebhook) -> JSONResponse:
    """Its address, what it is told of, and whether it takes it."""
    return JSONResponse(webhooks.webhook_view(webhook))


@router.patch(
    "/{webhook_id}",
    operation_id="changeWebhook",
    summary="Change an endpoint, disable it, or enable it again",
    response_model=WebhookModel,
    responses=problems(403, 404, 409, 413, 422),
    openapi_extra=takes(WebhookChange),
)
async def change_webhook(
    webhook: TheWebhook, request: Request, owner: Owner, parts: Parts
) -> JSONResponse:
    """Changes what is named. What happened while it was disabled it is not told of: read the feed.

    Messages that are still owed go to the new address.
    """
    body = await read_object(request)
    wanted = parse_change(WebhookChange, body)
    reach = webhooks.reach_of(request)

    async def change(conn: AsyncConnection, _: str) -> Answered:
        return await webhooks.change(conn, webhook, wanted, reach=reach)

    return await answer_once(request, owner, parts, body, change)


@router.delete(
    "/{webhook_id}",
    operation_id="deleteWebhook",
    summary="Delete an endpoint",
    status_code=204,
    response_class=Response,
    responses=problems(403, 404),
)
async def remove_webhook(webhook: TheWebhook, parts: Parts) -> Response:
    """It is told of nothing more, and what it is still owed is skipped."""
    async with parts.engine.begin() as conn:
        await delete_webhook(conn, webhook.id, now=clock())
    return Response(status_code=204)


@router.post(
    "/{webhook_id}/rotate-secret",
    operation_id="rotateWebhookSecret",
    summary="Replace the secret of an endpoint",
    response_model=NewSecret,
    responses=problems(403, 404, 409, 422),
    openapi_extra=_REPEATABLE,
)
async def rotate_secret(
    webhook: TheWebhook, request: Request, owner: Owner, parts: Parts
) -> JSONResponse:
    """For 24 hours messages are signed with both, so that receivers change over without haste."""

    async def rotate(conn: AsyncConnection, _: str) -> Answered:
        return await webhooks.rotate(conn, webhook, caller=owner)

    return _secret(await answer_once(request, owner, parts, {}, rotate))


@router.get(
    "/{webhook_id}/deliveries",
    operation_id="listWebhookDeliveries",
    summary="What an endpoint was sent",
    response_model=DeliveryPage,
    responses=problems(403, 404, 422),
)
async def find_deliveries(
    webhook: TheWebhook,
    parts: Parts,
    limit: paging.Limit = paging.DEFAULT_LIMIT,
    after: paging.After = None,
) -> JSONResponse:
    """Newest first: every event that it was told of, and what came of that."""
    place = paging.place(after)
    async with parts.engine.connect() as conn:
        found = await list_deliveries(conn, webhook.id, limit=limit + 1, after=place)
    return JSONResponse(
        paging.page(found, limit, shown=webhooks.delivery_view, place_of=lambda row: row.id)
    )


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    operation_id="redeliverWebhook",
    summary="Send a message once more",
    status_code=202,
    response_model=Accepted,
    responses=problems(403, 404, 409, 422),
    openapi_extra=_REPEATABLE,
)
async def redeliver(
    webhook: TheWebhook,
    delivery_id: Annotated[str, Path(description="The id of a delivery.")],
    request: Request,
    owner: Owner,
    parts: Parts,
) -> JSONResponse:
    """Also one that was sent, or has failed for good. Its `webhook-id` stays the same.

    Asked for twice at once, it runs once.
    """
    write = Write.of(request, owner, {})
    async with parts.engine.begin() as conn:
        delivery = await webhooks.existing_delivery(conn, webhook, delivery_id)
        claimed = await write.claimed(conn, delivery.id)
        # The same request again does not ask for one more: it asks for the one that was.
        again = claimed.claim is Claim.NEW
        owed = await webhooks.redeliver(conn, webhook, delivery, again=again)
    if owed is not None:
        # After the row says so: the delivery ends at once where nothing is owed.
        await parts.gateway.deliver(owed)
    return JSONResponse(webhooks.redelivery_view(delivery_id), status_code=202)


def _secret(response: JSONResponse) -> JSONResponse:
    response.headers["Cache-Control"] = "no-store"
    return response
