"""The Topics tab: what a provider offers, and whether it can be found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api import paging, topics
from api.body import Json, parse
from api.idempotency import Answered
from api.models.topic import Listing, NewTopic, TopicChange
from api.portal.act import Outcome, write_once
from api.portal.forms import Form, SentForm, page_router
from api.portal.listed import After, listed
from api.portal.rendering import redirect, render
from api.portal.session import ProviderIn, Viewer
from api.portal.tab_counts import tab_counts
from api.portal.written import any_text, some_text
from api.problems import not_found
from api.services import Parts, Services
from db.queries.standings import get_standing
from db.queries.topics import TopicRow, list_topics
from domain.refusal import FieldError

router = page_router("/topics")

_PER_PAGE = 50


@router.get("")
async def show_topics(
    request: Request, viewer: ProviderIn, parts: Parts, after: After = None
) -> Response:
    """What the provider offers, newest first, and the form that adds to it."""
    return await _list(request, viewer, parts, after=after)


@router.post("")
async def add_topic(request: Request, viewer: ProviderIn, parts: Parts, form: SentForm) -> Response:
    """Lists a new topic."""
    body = _written(form)

    async def add(conn: AsyncConnection, topic_id: str) -> Answered:
        return await topics.add(conn, topic_id, parse(NewTopic, body), provider_id=viewer.id)

    outcome = await write_once(viewer, parts, form, add)
    if outcome.accepted:
        return redirect(request, "/topics", done=f"“{body['title']}” is on your list.")
    return await _list(request, viewer, parts, outcome=outcome, form=form)


@router.get("/{topic_id}")
async def show_topic(topic_id: str, request: Request, viewer: ProviderIn, parts: Parts) -> Response:
    """One topic, to be changed."""
    return await _one(request, viewer, parts, topic_id)


@router.post("/{topic_id}")
async def change_topic(
    topic_id: str, request: Request, viewer: ProviderIn, parts: Parts, form: SentForm
) -> Response:
    """Changes what is said of a topic. Bookings keep what they were made with."""
    outcome = await _changed(viewer, parts, topic_id, form, _written(form))
    if outcome.accepted:
        return redirect(request, "/topics", done=f"“{outcome.body['title']}” is changed.")
    return await _one(request, viewer, parts, topic_id, outcome=outcome, form=form)


@router.post("/{topic_id}/pause")
async def pause_topic(
    topic_id: str, request: Request, viewer: ProviderIn, parts: Parts, form: SentForm
) -> Response:
    """Takes a topic off the list."""
    outcome = await _changed(viewer, parts, topic_id, form, {"status": Listing.PAUSED.value})
    return await _listing_changed(request, viewer, parts, outcome, "takes no new requests now")


@router.post("/{topic_id}/list")
async def relist_topic(
    topic_id: str, request: Request, viewer: ProviderIn, parts: Parts, form: SentForm
) -> Response:
    """Puts a topic back on the list."""
    outcome = await _changed(viewer, parts, topic_id, form, {"status": Listing.LISTED.value})
    return await _listing_changed(request, viewer, parts, outcome, "is no longer paused")


async def _listing_changed(
    request: Request, viewer: Viewer, parts: Services, outcome: Outcome, told: str
) -> Response:
    if outcome.accepted:
        return redirect(request, "/topics", done=f"“{outcome.body['title']}” {told}.")
    return await _list(request, viewer, parts, outcome=outcome)


async def _changed(
    viewer: Viewer, parts: Services, topic_id: str, form: Form, body: Json
) -> Outcome:
    async def change(conn: AsyncConnection, _: str) -> Answered:
        await _own(conn, viewer, topic_id)
        wanted = parse(TopicChange, body)
        return await topics.change(conn, topic_id, wanted, caller=viewer.party)

    return await write_once(viewer, parts, form, change)


def _written(form: Form) -> Json:
    """What the form says of a topic; what cannot be meant becomes an error of the form."""
    minutes = form.text("duration_minutes")
    least, most = _MINUTES["least"], _MINUTES["most"]
    # Not the model's own check alone, whose message is not for people.
    if not (minutes.isascii() and minutes.isdecimal() and least <= int(minutes[:9]) <= most):
        told = f"must be a whole number from {least} to {most}"
        form.errors.append(FieldError(field="duration_minutes", message=told))
        minutes = str(least)
    return {
        "title": some_text(form, "title"),
        "description": any_text(form, "description"),
        "duration_minutes": int(minutes),
    }


def _bounds(field: str) -> Mapping[str, int]:
    properties = NewTopic.model_json_schema()["properties"]
    return {"least": properties[field]["minimum"], "most": properties[field]["maximum"]}


_MINUTES = _bounds("duration_minutes")


async def _own(conn: AsyncConnection, viewer: Viewer, topic_id: str) -> TopicRow:
    topic = await topics.existing(conn, topic_id)
    if topic.provider_id != viewer.id:
        raise not_found()
    return topic


async def _list(
    request: Request,
    viewer: Viewer,
    parts: Services,
    *,
    after: str | None = None,
    outcome: Outcome | None = None,
    form: Form | None = None,
) -> Response:
    async with parts.engine.connect() as conn:
        found = await list_topics(
            conn,
            viewer=viewer.party,
            provider_id=viewer.id,
            limit=_PER_PAGE + 1,
            after=paging.place(after or None),
        )
        standing = await get_standing(conn, viewer.id)
        counts = await tab_counts(conn, viewer.party)
    return _render(
        request,
        viewer,
        "topics.html",
        counts=counts,
        outcome=outcome,
        form=form,
        topics=listed(found, _PER_PAGE, after=after, place_of=lambda topic: topic.id),
        suspension=standing.suspension if standing else None,
    )


async def _one(
    request: Request,
    viewer: Viewer,
    parts: Services,
    topic_id: str,
    *,
    outcome: Outcome | None = None,
    form: Form | None = None,
) -> Response:
    async with parts.engine.connect() as conn:
        topic = await _own(conn, viewer, topic_id)
        counts = await tab_counts(conn, viewer.party)
    return _render(
        request, viewer, "topic.html", counts=counts, outcome=outcome, form=form, topic=topic
    )


def _render(request: Request, viewer: Viewer, template: str, **known: Any) -> Response:
    # What follows a form is shown at its address, where nothing can be read again.
    if request.method == "POST":
        known["live_page"] = "/topics"
    return render(request, viewer, template, tab="topics", minutes=_MINUTES, **known)
