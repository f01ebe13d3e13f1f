"""What is done to endpoints of webhooks, in the transaction of whoever asks for it."""

from __future__ import annotations

import base64
import secrets

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import require_id
from api.body import Json
from api.idempotency import Answered
from api.models.webhook import NewWebhook, WebhookChange
from api.problems import ProblemError, malformed_field, not_found, refused_with
from api.services import clock
from api.settings import settings_of
from db.queries.webhooks import (
    DeliveryRow,
    WebhookRow,
    count_webhooks,
    get_delivery,
    get_webhook,
)
from db.stores.webhooks import (
    disable_webhook,
    enable_webhook,
    hold_owner,
    insert_webhook,
    owe_again,
    replace_secret,
    update_webhook,
)
from domain.instants import rfc3339
from domain.notices.endpoint import MOST_ENDPOINTS, Reach, UnreachableAddressError
from domain.notices.ledger import Channel, NoticeState, Owed
from domain.party import Party, Role
from domain.refusal import Code
from notices.webhook import SECRET_BYTES, SECRET_PREFIX

OWNERS = (Role.SERVICE, Role.SUPPORT, Role.PROVIDER)
"""Who is told of events: services and support of all, a provider of their own."""


def reach_of(request: Request) -> Reach:
    """Where webhooks may go, by the settings."""
    return settings_of(request).webhook_reach


async def add(
    conn: AsyncConnection, webhook_id: str, wanted: NewWebhook, *, owner: Party, reach: Reach
) -> Answered:
    """Adds an endpoint: 201 with it and its secret."""
    require_url(wanted.url, reach)
    await hold_owner(conn, owner)
    if await count_webhooks(conn, owner) >= MOST_ENDPOINTS:
        raise ProblemError(
            409, "too-many-webhooks", f"There are {MOST_ENDPOINTS} already: delete one first."
        )
    secret = _new_secret()
    await insert_webhook(
        conn,
        webhook_id=webhook_id,
        owner=owner,
        url=wanted.url,
        description=wanted.description,
        types=dict.fromkeys(wanted.types),
        secret=secret,
        now=clock(),
    )
    made = await existing(conn, webhook_id, owner)
    return Answered(status=201, body={**webhook_view(made), "secret": secret})


async def change(
    conn: AsyncConnection, webhook: WebhookRow, wanted: WebhookChange, *, reach: Reach
) -> Answered:
    """Changes what is named of an endpoint: 200 with it as it is then."""
    if wanted.url is not None:
        require_url(wanted.url, reach)
    now = clock()
    await update_webhook(
        conn,
        webhook.id,
        now=now,
        url=wanted.url,
        description=wanted.description,
        types=None if wanted.types is None else dict.fromkeys(wanted.types),
    )
    # Read once it is written, which waits for whoever else is changing it.
    is_disabled = (await existing(conn, webhook.id, webhook.owner)).disabled_at is not None
    if wanted.enabled is True and is_disabled:
        await enable_webhook(conn, webhook.id, now=now)
    if wanted.enabled is False and not is_disabled:
        await disable_webhook(conn, webhook.id, now=now, reason=_BY_WISH)
    return Answered(status=200, body=webhook_view(await existing(conn, webhook.id, webhook.owner)))


async def rotate(conn: AsyncConnection, webhook: WebhookRow, *, caller: Party) -> Answered:
    """Gives an endpoint another secret: 200 with it. Only its owner is ever told one."""
    if webhook.owner != caller:
        raise refused_with(Code.NOT_ALLOWED, "Only the endpoint's own owner is told its secret.")
    secret = _new_secret()
    until = await replace_secret(conn, webhook.id, secret=secret, now=clock())
    if until is None:
        raise _no_endpoint()
    body = {"id": webhook.id, "secret": secret, "old_secret_until": rfc3339(until)}
    return Answered(status=200, body=body)


async def redeliver(
    conn: AsyncConnection, webhook: WebhookRow, delivery: DeliveryRow, *, again: bool
) -> Owed | None:
    """Owes a delivery once more; unless `again`, answers what is still owed of it, if it is.

    Raises the problem 409 while the endpoint is disabled.
    """
    if webhook.disabled_at is not None:
        raise ProblemError(409, "webhook-disabled", "Enable the endpoint first.")
    if again:
        return await owe_again(conn, delivery.id)
    if delivery.state is not NoticeState.OWED:
        return None
    return Owed.to(webhook.owner, id=delivery.id, channel=Channel.WEBHOOK, kind=delivery.kind)


async def existing(conn: AsyncConnection, webhook_id: str, caller: Party) -> WebhookRow:
    """An endpoint of the caller's; for support, anybody's. Raises the problem 404."""
    webhook = await get_webhook(conn, require_id(webhook_id))
    if webhook is None or (caller.role is not Role.SUPPORT and webhook.owner != caller):
        raise _no_endpoint()
    return webhook


async def existing_delivery(
    conn: AsyncConnection, webhook: WebhookRow, delivery_id: str
) -> DeliveryRow:
    """A delivery to an endpoint. Raises the problem 404."""
    found = await get_delivery(conn, webhook.id, require_id(delivery_id))
    if found is None:
        raise not_found("This endpoint has no delivery of this id.")
    return found


def require_url(url: str, reach: Reach) -> None:
    """Raises the problem 422 for what cannot be the address of an endpoint."""
    try:
        reach.require_url(url)
    except UnreachableAddressError as error:
        raise malformed_field("url", str(error)) from error


def webhook_view(row: WebhookRow) -> Json:
    """An endpoint, without its secret."""
    return {
        "id": row.id,
        "owner": {"role": row.owner.role.value, "id": row.owner.id},
        "url": row.url,
        "types": list(row.types),
        "description": row.description,
        "enabled": row.disabled_at is None,
        "failing_since": row.failing_since and rfc3339(row.failing_since),
        "disabled_at": row.disabled_at and rfc3339(row.disabled_at),
        "disabled_reason": row.disabled_reason,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
    }


def delivery_view(row: DeliveryRow) -> Json:
    """A line of an endpoint's log."""
    return {
        "id": row.id,
        "type": row.kind,
        "booking_id": row.booking_id,
        "state": row.state.value,
        "attempts": row.attempts,
        "attempted_at": row.attempted_at and rfc3339(row.attempted_at),
        "answer": row.answer,
        "reason": row.reason,
        "created_at": rfc3339(row.created_at),
    }


def redelivery_view(delivery_id: str) -> Json:
    """That a message will be sent once more."""
    return {
        "code": "accepted",
        "detail": "Taken. It is sent once more, under the same id.",
        "id": delivery_id,
        "command_id": None,
    }


def _no_endpoint() -> ProblemError:
    return not_found("There is no endpoint of this id, or it is somebody else's.")


_BY_WISH = "Its owner has disabled it."


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
