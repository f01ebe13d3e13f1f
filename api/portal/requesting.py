"""Asking for a session: a client names one to five times that would suit them."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from api import topics
from api.portal.act import Outcome, ask_for_session
from api.portal.forms import Form, SentForm, page_router
from api.portal.names import names_of
from api.portal.rendering import follow, render
from api.portal.session import ClientIn, Viewer
from api.portal.start_fields import FIELDS, earliest, read_starts
from api.portal.tab_counts import tab_counts
from api.portal.written import any_text
from api.services import Parts, Services, clock
from db.queries.topics import TopicStatus
from domain.instants import in_words
from domain.party import Party, Role
from domain.policy import DEFAULT_POLICY

router = page_router("/request")

_WHY_NOT = {
    TopicStatus.PAUSED: "The provider takes no requests for it at the moment.",
    TopicStatus.SUSPENDED: "Its provider’s topics are suspended, and take no new requests.",
}


@router.get("/{topic_id}")
async def show_request(topic_id: str, request: Request, viewer: ClientIn, parts: Parts) -> Response:
    """The form by which a client asks for a session on a topic."""
    return await _page(request, viewer, parts, topic_id)


@router.post("/{topic_id}")
async def ask(
    topic_id: str, request: Request, viewer: ClientIn, parts: Parts, form: SentForm
) -> Response:
    """Asks for a session, and leads to the booking that this begins."""
    async with parts.engine.connect() as conn:
        await topics.existing(conn, topic_id)
    outcome = await ask_for_session(
        viewer,
        parts,
        form,
        client_id=viewer.id,
        topic_id=topic_id,
        preferred_starts=read_starts(form, viewer.zone, clock()),
        note=any_text(form, "note"),
    )
    if outcome.accepted:
        return follow(
            request, outcome, f"/bookings/{outcome.body['id']}", done="Your request is sent."
        )
    return await _page(request, viewer, parts, topic_id, outcome=outcome, form=form)


async def _page(
    request: Request,
    viewer: Viewer,
    parts: Services,
    topic_id: str,
    *,
    outcome: Outcome | None = None,
    form: Form | None = None,
) -> Response:
    now = clock()
    async with parts.engine.connect() as conn:
        topic = await topics.existing(conn, topic_id)
        provider = Party(role=Role.PROVIDER, id=topic.provider_id)
        names = await names_of(request, conn, [provider])
        unread = await tab_counts(conn, viewer.party)
    return render(
        request,
        viewer,
        "request.html",
        tab="browse",
        counts=unread,
        outcome=outcome,
        form=form,
        topic=topic,
        provider_name=names.of(provider),
        why_not=_WHY_NOT.get(topic.status, ""),
        start_fields=FIELDS,
        earliest=earliest(viewer.zone, now),
        answer_within=in_words(DEFAULT_POLICY.answer_within),
    )
