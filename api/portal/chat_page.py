"""The page of one conversation: what was said, and the cards of bookings as they stand now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api import paging
from api.chat import conversation_of
from api.portal.act import Outcome
from api.portal.cards import Card, card_of
from api.portal.forms import Form
from api.portal.listed import listed
from api.portal.live import is_seen_by
from api.portal.names import names_of
from api.portal.rendering import render
from api.portal.session import Viewer
from api.portal.starts import Start, in_both_zones
from api.portal.tab_counts import tab_counts
from api.services import Services, clock
from db.queries.bookings import get_bookings
from db.queries.conversations import ConversationRow, MessageRow, list_messages
from db.stores.conversations import mark_read
from domain.party import Party, Role

_PER_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Said:
    """Something that was said or happened; `day` is set where it is the first of its day."""

    message: MessageRow
    is_own: bool
    day: date | None
    card: Card | None
    starts: tuple[Start, ...]


async def chat_page(
    request: Request,
    viewer: Viewer,
    parts: Services,
    conversation_id: str,
    *,
    after: str | None = None,
    outcome: Outcome | None = None,
    form: Form | None = None,
) -> Response:
    """The newest of a conversation, or what was before `after`, which the viewer has read then.

    Support reads along, unnoticed by the two. Raises the problem 404.
    """
    place = paging.place(after or None)
    async with parts.engine.begin() as conn:
        conversation = await conversation_of(conn, conversation_id, viewer.party)
        found = await list_messages(conn, conversation_id, limit=_PER_PAGE + 1, after=place)
        if found and viewer.role is not Role.SUPPORT and is_seen_by(viewer, request):
            newest = found[0].id
            await mark_read(
                conn, conversation_id=conversation_id, reader=viewer.party, up_to=newest
            )
        page = listed(found, _PER_PAGE, after=after, place_of=lambda message: message.id)
        known = await _known(request, conn, viewer, conversation, page.rows)
    return render(
        request,
        viewer,
        "conversation.html",
        tab="messages",
        outcome=outcome,
        form=form,
        live_page=f"/messages/{conversation_id}" + (f"?after={after}" if after else ""),
        conversation=conversation,
        page=page,
        **known,
    )


async def _known(
    request: Request,
    conn: AsyncConnection,
    viewer: Viewer,
    conversation: ConversationRow,
    messages: Sequence[MessageRow],
) -> dict[str, Any]:
    now = clock()
    provider = Party(role=Role.PROVIDER, id=conversation.provider_id)
    client = Party(role=Role.CLIENT, id=conversation.client_id)
    names = await names_of(
        request, conn, [provider, client, *(message.author for message in messages)]
    )
    other = provider if viewer.role is Role.CLIENT else client
    named = {message.card["booking_id"] for message in messages if message.card}
    rows = await get_bookings(conn, named)
    oldest_first = list(reversed(messages))
    days = _first_of_days(oldest_first, viewer.zone)
    said = []
    for message in oldest_first:
        card = card_of(message, rows, viewer.party, now) if message.card else None
        said.append(
            Said(
                message=message,
                is_own=message.author == viewer.party,
                day=days.get(message.id),
                card=card,
                starts=_starts(card, viewer.zone, names.zone(other), now),
            )
        )
    return {
        "counts": await tab_counts(conn, viewer.party),
        "names": names,
        "other": other,
        "other_zone": names.zone(other),
        "messages": said,
        "today": now.astimezone(viewer.zone).date(),
    }


def _starts(
    card: Card | None, here: ZoneInfo, there: ZoneInfo | None, now: datetime
) -> tuple[Start, ...]:
    """The times that a card offers."""
    if card is None:
        return ()
    offered = card.data.get("preferred_starts") or card.data.get("starts") or ()
    instants = [datetime.fromisoformat(start) for start in offered]
    return tuple(in_both_zones(instants, here=here, there=there, now=now))


def _first_of_days(messages: Sequence[MessageRow], zone: ZoneInfo) -> dict[str, date]:
    found: dict[str, date] = {}
    last: date | None = None
    for message in messages:
        day = message.at.astimezone(zone).date()
        if day != last:
            found[message.id] = last = day
    return found
