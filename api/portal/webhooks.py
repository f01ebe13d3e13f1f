"""Webhooks in the portal: where a provider or support is told of events by machine."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api import paging, webhooks
from api.body import Json, parse
from api.idempotency import Answered
from api.models.webhook import NewWebhook, WebhookChange
from api.portal.act import Outcome, write_once
from api.portal.forms import Form, SentForm, page_router
from api.portal.listed import After, listed
from api.portal.rendering import redirect, render
from api.portal.session import SignedIn, Viewer
from api.portal.tab_counts import tab_counts
from api.portal.told import told
from api.portal.written import any_text, some_text
from api.problems import not_found
from api.services import Parts, Services, clock
from db.queries.feed import PUBLIC
from db.queries.webhooks import list_deliveries, list_webhooks
from db.stores.webhooks import delete_webhook
from domain.notices.ledger import NoticeState

router = page_router("/webhooks")

_PATH = "/webhooks"
_PER_PAGE = 25


async def _owner(viewer: SignedIn) -> Viewer:
    if viewer.role not in webhooks.OWNERS:
        raise not_found()
    return viewer


OwnerIn = Annotated[Viewer, Depends(_owner)]
"""Whoever is signed in, who is one of those that are told of events."""


@router.get("")
async def show_webhooks(
    request: Request, viewer: OwnerIn, parts: Parts, after: After = None
) -> Response:
    """The viewer's endpoints, newest first, and the form that adds one."""
    return await _list(request, viewer, parts, after=after)


@router.post("")
async def add_webhook(request: Request, viewer: OwnerIn, parts: Parts, form: SentForm) -> Response:
    """Adds an endpoint, and shows its secret this once."""
    body = _written(form)
    reach = webhooks.reach_of(request)

    async def add(conn: AsyncConnection, webhook_id: str) -> Answered:
        wanted = parse(NewWebhook, body)
        return await webhooks.add(conn, webhook_id, wanted, owner=viewer.party, reach=reach)

    outcome = await write_once(viewer, parts, form, add)
    if outcome.accepted:
        return await _one(request, viewer, parts, outcome.body["id"], secret=outcome.body["secret"])
    return await _list(request, viewer, parts, outcome=outcome, form=form)


@router.get("/{webhook_id}")
async def show_webhook(
    webhook_id: str, request: Request, viewer: OwnerIn, parts: Parts, after: After = None
) -> Response:
    """One endpoint: how it fares, and what it was sent."""
    return await _one(request, viewer, parts, webhook_id, after=after)


@router.post("/{webhook_id}")
async def change_webhook(
    webhook_id: str, request: Request, viewer: OwnerIn, parts: Parts, form: SentForm
) -> Response:
    """Changes where it lies, and what it is told of."""
    return await _changed(request, viewer, parts, webhook_id, form, _written(form), "Changed.")


@router.post("/{webhook_id}/enable")
async def enable(
    webhook_id: str, request: Request, viewer: OwnerIn, parts: Parts, form: SentForm
) -> Response:
    """Has it told of what happens from now on."""
    done = "It is told of what happens from now on."
    return await _changed(request, viewer, parts, webhook_id, form, {"enabled": True}, done)


@router.post("/{webhook_id}/disable")
async def disable(
    webhook_id: str, request: Request, viewer: OwnerIn, parts: Parts, form: SentForm
) -> Response:
    """Has it told of nothing."""
    done = "It is told of nothing until you enable it."
    return await _changed(request, viewer, parts, webhook_id, form, {"enabled": False}, done)


@router.post("/{webhook_id}/secret")
async def replace_secret(
    webhook_id: str, request: Request, viewer: OwnerIn, parts: Parts, form: SentForm
) -> Response:
    """Gives it another secret, and shows that this once."""

    async def rotate(conn: AsyncConnection, _: str) -> Answered:
        webhook = await webhooks.existing(conn, webhook_id, viewer.party)
        return await webhooks.rotate(conn, webhook, caller=viewer.party)

    outcome = await write_once(viewer, parts, form, rotate)
    secret = outcome.body["secret"] if outcome.accepted else ""
    return await _one(request, viewer, parts, webhook_id, outcome=outcome, secret=secret)


@router.post("/{webhook_id}/delete")
async def remove(
    webhook_id: str, request: Request, viewer: OwnerIn, parts: Parts, form: SentForm
) -> Response:
    """Deletes it."""

    async def delete(conn: AsyncConnection, _: str) -> Answered:
        webhook = await webhooks.existing(conn, webhook_id, viewer.party)
        await delete_webhook(conn, webhook.id, now=clock())
        return Answered(status=200, body={"url": webhook.url})

    # Kept as the answer to this form: pressed twice, the endpoint is gone by the second time.
    outcome = await write_once(viewer, parts, form, delete)
    return redirect(request, _PATH, done=f"{outcome.body['url']} is told of nothing any more.")


@router.post("/{webhook_id}/deliveries/{delivery_id}/redeliver")
async def redeliver(
    webhook_id: str,
    delivery_id: str,
    request: Request,
    viewer: OwnerIn,
    parts: Parts,
    form: SentForm,
) -> Response:
    """Has a message sent once more."""

    async def owe(conn: AsyncConnection, _: str) -> Answered:
        webhook = await webhooks.existing(conn, webhook_id, viewer.party)
        delivery = await webhooks.existing_delivery(conn, webhook, delivery_id)
        await webhooks.redeliver(conn, webhook, delivery, again=True)
        return Answered(status=200, body={})

    outcome = await write_once(viewer, parts, form, owe)
    if not outcome.accepted:
        return await _one(request, viewer, parts, webhook_id, outcome=outcome)
    async with parts.engine.connect() as conn:
        webhook = await webhooks.existing(conn, webhook_id, viewer.party)
        delivery = await webhooks.existing_delivery(conn, webhook, delivery_id)
        owed = await webhooks.redeliver(conn, webhook, delivery, again=False)
    if owed is not None:
        await parts.gateway.deliver(owed)
    return redirect(request, f"{_PATH}/{webhook_id}", done="It is sent once more.")


async def _changed(
    request: Request,
    viewer: Viewer,
    parts: Services,
    webhook_id: str,
    form: Form,
    body: Json,
    done: str,
) -> Response:
    reach = webhooks.reach_of(request)

    async def change(conn: AsyncConnection, _: str) -> Answered:
        webhook = await webhooks.existing(conn, webhook_id, viewer.party)
        return await webhooks.change(conn, webhook, parse(WebhookChange, body), reach=reach)

    outcome = await write_once(viewer, parts, form, change)
    if outcome.accepted:
        return redirect(request, f"{_PATH}/{webhook_id}", done=done)
    return await _one(request, viewer, parts, webhook_id, outcome=outcome, form=form)


def _written(form: Form) -> Json:
    return {
        "url": some_text(form, "url"),
        "description": any_text(form, "description"),
        "types": form.all("types"),
    }


async def _list(
    request: Request,
    viewer: Viewer,
    parts: Services,
    *,
    after: str | None = None,
    outcome: Outcome | None = None,
    form: Form | None = None,
) -> Response:
    place = paging.place(after or None)
    async with parts.engine.connect() as conn:
        found = await list_webhooks(conn, viewer=viewer.party, limit=_PER_PAGE + 1, after=place)
        counts = await tab_counts(conn, viewer.party)
    return _render(
        request,
        viewer,
        "webhooks.html",
        counts=counts,
        outcome=outcome,
        form=form,
        endpoints=listed(found, _PER_PAGE, after=after, place_of=lambda row: row.id),
    )


async def _one(
    request: Request,
    viewer: Viewer,
    parts: Services,
    webhook_id: str,
    *,
    after: str | None = None,
    outcome: Outcome | None = None,
    form: Form | None = None,
    secret: str = "",
) -> Response:
    place = paging.place(after or None)
    async with parts.engine.connect() as conn:
        webhook = await webhooks.existing(conn, webhook_id, viewer.party)
        found = await list_deliveries(conn, webhook.id, limit=_PER_PAGE + 1, after=place)
        counts = await tab_counts(conn, viewer.party)
    response = _render(
        request,
        viewer,
        "webhook.html",
        counts=counts,
        outcome=outcome,
        form=form,
        webhook=webhook,
        reason=told(webhook.disabled_reason or "", viewer.zone, clock()),
        own=webhook.owner == viewer.party,
        secret=secret,
        deliveries=listed(found, _PER_PAGE, after=after, place_of=lambda row: row.id),
        owed=NoticeState.OWED,
    )
    if secret:
        response.headers["Cache-Control"] = "no-store"
    return response


def _render(request: Request, viewer: Viewer, template: str, **known: Any) -> Response:
    return render(request, viewer, template, types=PUBLIC, **known)
