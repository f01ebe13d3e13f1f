"""The Messages tab: conversations, and what is said in each."""

from __future__ import annotations

from fastapi import Request
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api import paging
from api.access import require_id
from api.chat import TOO_MANY, beginning, saying
from api.idempotency import Answered
from api.portal.act import Outcome, write_once
from api.portal.chat_page import chat_page
from api.portal.forms import Form, SentForm, page_router
from api.portal.found import TheConversation
from api.portal.listed import After, listed
from api.portal.names import names_of
from api.portal.rendering import redirect, render
from api.portal.session import SignedIn, Viewer
from api.portal.tab_counts import tab_counts
from api.portal.told import told
from api.portal.written import some_text
from api.problems import ProblemError, not_found
from api.services import Parts, Services, clock
from db.queries.conversations import MessageRow, find_conversation, list_conversations
from db.queries.topics import offers_anything
from domain.party import Party, Role

router = page_router("/messages")

_PER_PAGE = 25
_EXCERPT = 160


@router.get("")
async def show_conversations(
    request: Request, viewer: SignedIn, parts: Parts, after: After = None
) -> Response:
    """The viewer's conversations, the last active first; support sees all."""
    place = paging.place(after or None)
    async with parts.engine.connect() as conn:
        found = await list_conversations(
            conn, viewer=viewer.party, limit=_PER_PAGE + 1, after=place
        )
        people = [
            Party(role=role, id=person_id)
            for row in found
            for role, person_id in (
                (Role.PROVIDER, row.provider_id),
                (Role.CLIENT, row.client_id),
            )
        ]
        names = await names_of(request, conn, people)
        unread = await tab_counts(conn, viewer.party)
    return render(
        request,
        viewer,
        "conversations.html",
        tab="messages",
        counts=unread,
        conversations=listed(found, _PER_PAGE, after=after, place_of=lambda row: row.cursor),
        names=names,
        excerpt=lambda message: _excerpt(message, viewer),
    )


@router.post("/start")
async def start(request: Request, viewer: SignedIn, parts: Parts, form: SentForm) -> Response:
    """Leads to the conversation with somebody, begun if there is none yet.

    A client writes to the provider of a topic before there is any booking. A provider writes to a
    client who has turned to them before.
    """
    provider_id, client_id = await _pair(viewer, parts, form)
    effect = beginning(provider_id=provider_id, client_id=client_id, caller=viewer.party)
    outcome = await write_once(viewer, parts, form, effect)
    return redirect(request, f"/messages/{outcome.body['id']}")


@router.get("/{conversation_id}")
async def show_conversation(
    found: TheConversation, request: Request, viewer: SignedIn, parts: Parts, after: After = None
) -> Response:
    """What was said in a conversation; who has a part in it has read it then."""
    return await chat_page(request, viewer, parts, found.id, after=after)


@router.post("/{conversation_id}")
async def say(
    found: TheConversation, request: Request, viewer: SignedIn, parts: Parts, form: SentForm
) -> Response:
    """Says something."""
    text = some_text(form, "text")

    async def post(conn: AsyncConnection, unused_id: str) -> Answered:
        return await saying(found.id, {"text": text}, viewer.party)(conn, unused_id)

    try:
        outcome = await write_once(viewer, parts, form, post)
    except ProblemError as problem:
        if problem.status != 429:  # noqa: PLR2004
            raise
        outcome = Outcome(status=429, code=TOO_MANY, text=problem.document["detail"])
        page = await chat_page(request, viewer, parts, found.id, outcome=outcome, form=form)
        page.headers.update(problem.headers)
        return page
    if outcome.accepted:
        return redirect(request, f"/messages/{found.id}#newest")
    return await chat_page(request, viewer, parts, found.id, outcome=outcome, form=form)


async def _pair(viewer: Viewer, parts: Services, form: Form) -> tuple[str, str]:
    """The ids of the provider and the client who are to talk; a 404 for whom nobody can reach."""
    async with parts.engine.connect() as conn:
        if viewer.role is Role.CLIENT:
            provider_id = require_id(form.text("provider_id"))
            if await offers_anything(conn, provider_id):
                return provider_id, viewer.id
        elif viewer.role is Role.PROVIDER:
            client_id = require_id(form.text("client_id"))
            if await find_conversation(conn, provider_id=viewer.id, client_id=client_id):
                return viewer.id, client_id
    raise not_found()


def _excerpt(message: MessageRow, viewer: Viewer) -> Markup:
    """How a message begins, for one line."""
    text = " ".join(message.text[:_EXCERPT].split())
    return told(text, viewer.zone, clock())
