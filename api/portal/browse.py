"""The Browse tab: the topics that clients can ask for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from api import paging
from api.access import require_id
from api.portal.forms import page_router
from api.portal.listed import After, Search, listed, looked_for
from api.portal.names import names_of
from api.portal.rendering import render
from api.portal.session import ClientIn
from api.portal.tab_counts import tab_counts
from api.services import Parts
from db.queries.topics import list_topics
from domain.party import Party, Role

router = page_router("/browse")

_PER_PAGE = 24


@router.get("")
async def browse(
    request: Request,
    viewer: ClientIn,
    parts: Parts,
    q: Search = "",
    provider_id: Annotated[str, Query(max_length=64)] = "",
    after: After = None,
) -> Response:
    """The listed topics, newest first: all of them, or what is searched for."""
    q = looked_for(q)
    async with parts.engine.connect() as conn:
        found = await list_topics(
            conn,
            viewer=viewer.party,
            provider_id=require_id(provider_id) if provider_id else None,
            q=q,
            limit=_PER_PAGE + 1,
            after=paging.place(after or None),
        )
        providers = {topic.provider_id for topic in found} | {provider_id}
        names = await names_of(
            request, conn, [Party(role=Role.PROVIDER, id=each) for each in providers]
        )
        counts = await tab_counts(conn, viewer.party)
    return render(
        request,
        viewer,
        "browse.html",
        tab="browse",
        counts=counts,
        topics=listed(found, _PER_PAGE, after=after, place_of=lambda topic: topic.id),
        q=q,
        provider_id=provider_id,
        names=names,
    )
