"""The Notices tab: what somebody was told, and what of it comes by e-mail too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api import paging
from api.body import parse
from api.idempotency import Answered
from api.models.notices import NoticesWanted
from api.notices import changing
from api.portal.act import Outcome, write_once
from api.portal.forms import Form, SentForm, page_router
from api.portal.listed import After, listed
from api.portal.live import is_seen_by
from api.portal.names import Names, names_of
from api.portal.rendering import follow, render
from api.portal.session import SignedIn, Viewer
from api.portal.tab_counts import tab_counts
from api.portal.timelines import Teller, links_to
from api.services import Parts, Services, clock
from db.queries.contacts import get_reach
from db.queries.inbox import NoticeRow, list_inbox
from db.stores.inbox import mark_seen
from domain.notices.ledger import Channel
from domain.notices.preferences import CONCERN, TRANSACTIONAL, Group, by_mail
from domain.notices.words import say
from domain.party import SUPPORT_DESK, Party, Role
from notices.places import PREFERENCES, page_of

router = page_router("/notices")

_PER_PAGE = 25

_GROUPS: dict[Group, tuple[str, str]] = {
    Group.CONFIRMATIONS: ("Confirmed and moved sessions", "With the invite for your calendar."),
    Group.CANCELLATIONS: ("Cancelled sessions", "What takes them out of your calendar comes too."),
    Group.SUSPENSIONS: ("Suspensions", "Your topics are suspended, or listed again."),
    Group.REQUESTS: ("Requests", "New ones, and those that were declined or have expired."),
    Group.CHANGES: ("Proposals", "New times that are proposed, accepted or declined."),
    Group.REMINDERS: ("Reminders", "Of sessions, of answers that are due, and of what is over."),
    Group.STANDING: ("Standing", "Late changes, warnings, claims, cases and proofs."),
    Group.OTHER: ("Everything else", "Such as an address of yours that could not be reached."),
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One notice, in words. `page` is where it goes on, if it does."""

    row: NoticeRow
    title: Markup
    text: Markup
    page: str | None


@router.get("")
async def show_notices(
    request: Request, viewer: SignedIn, parts: Parts, after: After = None
) -> Response:
    """The viewer's inbox, newest first. What is shown has been seen then."""
    place = paging.place(after or None)
    async with parts.engine.begin() as conn:
        found = await list_inbox(conn, _inbox_of(viewer), limit=_PER_PAGE + 1, after=place)
        page = listed(found, _PER_PAGE, after=after, place_of=lambda row: row.id)
        if is_seen_by(viewer, request):
            await mark_seen(conn, [row.id for row in page.rows if not row.read_at], now=clock())
        names = await names_of(request, conn, _people(page.rows))
        counts = await tab_counts(conn, viewer.party)
    return render(
        request,
        viewer,
        "notices.html",
        tab="notices",
        counts=counts,
        items=[_item(row, names, viewer) for row in page.rows],
        page=page,
        preferences=PREFERENCES,
    )


@router.get("/preferences")
async def show_preferences(request: Request, viewer: SignedIn, parts: Parts) -> Response:
    """Which notices also come by e-mail, and where to."""
    return await _preferences(request, viewer, parts)


@router.post("/preferences")
async def change_preferences(
    request: Request, viewer: SignedIn, parts: Parts, form: SentForm
) -> Response:
    """Sets them all, as the form shows them."""
    who = _inbox_of(viewer)
    ticked = set(form.all("mail"))
    wanted: dict[str, Any] = {
        "channels": {
            group: [Channel.INBOX, *([Channel.EMAIL] if group in ticked else [])]
            for group in CONCERN[who.role]
        }
    }

    async def change(conn: AsyncConnection, unused_id: str) -> Answered:
        address = form.text("email") or None
        # An address that stays as it is stays the word of whoever gave it.
        if address != (await get_reach(conn, who)).email:
            wanted["email"] = address
        effect = changing(who, parse(NoticesWanted, wanted), viewer.party)
        return await effect(conn, unused_id)

    outcome = await write_once(viewer, parts, form, change)
    if outcome.accepted:
        return follow(request, outcome, PREFERENCES, done="Your choice is kept.")
    return await _preferences(request, viewer, parts, outcome=outcome, form=form)


async def _preferences(
    request: Request,
    viewer: Viewer,
    parts: Services,
    *,
    outcome: Outcome | None = None,
    form: Form | None = None,
) -> Response:
    who = _inbox_of(viewer)
    async with parts.engine.connect() as conn:
        reach = await get_reach(conn, who)
        counts = await tab_counts(conn, viewer.party)
    ticked = set(form.all("mail")) if form is not None else None
    return render(
        request,
        viewer,
        "notice_preferences.html",
        tab="notices",
        outcome=outcome,
        form=form,
        counts=counts,
        action=PREFERENCES,
        reach=reach,
        groups=[
            (
                group,
                *_GROUPS[group],
                by_mail(reach.choice, group) if ticked is None else group in ticked,
            )
            for group in CONCERN[who.role]
        ],
        transactional=[
            _GROUPS[group][0].lower() for group in CONCERN[who.role] if group in TRANSACTIONAL
        ],
    )


def _inbox_of(viewer: Viewer) -> Party:
    """Whose inbox somebody reads: support shares that of its desk."""
    return SUPPORT_DESK if viewer.role is Role.SUPPORT else viewer.party


def _people(rows: Sequence[NoticeRow]) -> list[Party]:
    found = [Party(role=Role.PROVIDER, id=row.provider_id) for row in rows if row.provider_id]
    clients = {row.booking.booking.client_id for row in rows if row.booking}
    clients |= {heading.client_id for row in rows for heading in row.named}
    return found + [Party(role=Role.CLIENT, id=client_id) for client_id in clients]


def _item(row: NoticeRow, names: Names, viewer: Viewer) -> Item:
    booking = row.booking.booking if row.booking else None
    tell = Teller(viewer.zone, clock(), links_to(row.named, names))
    about = row.about(
        provider=names.provider(row.provider_id) if row.provider_id else "",
        client=names.client(booking.client_id) if booking else "",
    )
    words = say(about)
    return Item(
        row=row,
        title=tell(words.title),
        text=tell(words.text),
        page=page_of(
            row.to.role,
            booking_id=booking.id if booking else None,
            provider_id=row.provider_id,
            webhook_id=row.endpoint.id if row.endpoint else None,
            is_of_standing=row.is_of_standing,
        ),
    )
