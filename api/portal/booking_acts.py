"""What people do to a booking: each form gives one command, and leads back to what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.idempotency import Answered
from api.logistics import replacing_logistics
from api.portal.act import Outcome, tell_booking, write_once
from api.portal.booking_page import booking_page
from api.portal.forms import Form, SentForm, page_router
from api.portal.found import TheBooking, id_of
from api.portal.paths import local_path
from api.portal.rendering import follow
from api.portal.session import SignedIn, Viewer
from api.portal.start_fields import read_starts
from api.portal.written import any_text, some_text, web_address
from api.problems import refused_with
from api.services import Parts, Services, clock
from db.queries.bookings import get_booking
from domain.instants import rfc3339
from domain.party import Role
from domain.refusal import Code, FieldError

router = page_router("/bookings/{booking_id}")

_NOT_THE_CLIENTS = "The provider says where the session takes place."
_INITIATORS = frozenset({"client", "provider", "support", "unknown"})
_ANSWERS = {
    "accept": "Accepted. Support enters the new date next.",
    "keep": "Declined. The booking stays as it is.",
    "cancel": "Cancelled.",
}


@dataclass(frozen=True, kw_only=True)
class BookingAct:
    """Somebody about to do something to a booking that concerns them."""

    request: Request
    viewer: Viewer
    parts: Services
    form: Form
    booking_id: str

    async def give(self, command: str, *, done: str, **fields: Any) -> Response:
        """Gives a command to the booking."""
        outcome = await tell_booking(
            self.viewer, self.parts, self.form, self.booking_id, command, **fields
        )
        return await self.after(outcome, done)

    async def after(self, outcome: Outcome, done: str) -> Response:
        """Leads on to what came of it, or shows the booking as it is now, and why not."""
        if outcome.accepted:
            path = local_path(self.form.text("back"), otherwise=f"/bookings/{self.booking_id}")
            return follow(self.request, outcome, path, done=done)
        return await booking_page(
            self.request,
            self.viewer,
            self.parts,
            self.booking_id,
            outcome=outcome,
            form=self.form,
        )

    def wrong(self, name: str, message: str) -> None:
        """Notes that a field cannot be taken as it is."""
        self.form.errors.append(FieldError(field=name, message=message))

    def chosen(self, name: str, otherwise: str) -> str | None:
        """What was chosen of several; an error of the form if nothing was."""
        if self.form.text(name):
            return self.form.text(name)
        self.wrong(name, otherwise)
        return None


async def _act(
    found: TheBooking, request: Request, viewer: SignedIn, parts: Parts, form: SentForm
) -> BookingAct:
    return BookingAct(
        request=request, viewer=viewer, parts=parts, form=form, booking_id=id_of(found)
    )


TheAct = Annotated[BookingAct, Depends(_act)]


@router.post("/confirm")
async def confirm(act: TheAct) -> Response:
    """The provider takes one of the client's preferred times."""
    return await act.give(
        "confirm", done="Confirmed.", start=act.chosen("start", "have to be chosen from")
    )


@router.post("/decline")
async def decline(act: TheAct) -> Response:
    """The provider turns the request down, and says why."""
    only_the_times = act.form.checked("over_scheduling")
    return await act.give(
        "decline",
        done="Declined. Suggest other times in the chat." if only_the_times else "Declined.",
        reason=some_text(act.form, "reason"),
        over_scheduling=only_the_times,
    )


@router.post("/ask-cancel")
async def ask_cancel(act: TheAct) -> Response:
    """The provider, who cannot cancel, asks the client to."""
    done = "The client is asked to cancel."
    return await act.give("ask-cancel", done=done, reason=some_text(act.form, "reason"))


@router.post("/cancel")
async def cancel(act: TheAct) -> Response:
    """The client cancels or withdraws, or support cancels; whose idea it was is asked."""
    initiated_by = act.form.text("initiated_by") or None
    if initiated_by not in {None, *_INITIATORS}:
        act.wrong("initiated_by", "has to be one of these")
    return await act.give(
        "cancel",
        done="Cancelled.",
        reason=some_text(act.form, "reason"),
        initiated_by=initiated_by,
        initiated_at=act.form.instant("initiated_at", act.viewer.zone),
    )


@router.post("/propose-reschedule")
async def propose_reschedule(act: TheAct) -> Response:
    """The provider proposes one to five other times."""
    return await act.give(
        "propose-reschedule",
        done="Proposed. The client answers next.",
        starts=read_starts(act.form, act.viewer.zone, clock()),
        reason=some_text(act.form, "reason"),
    )


@router.post("/answer-reschedule")
async def answer_reschedule(act: TheAct) -> Response:
    """The client accepts a proposed time, keeps the booking as it is, or cancels it."""
    answer = act.form.text("answer")
    if answer not in _ANSWERS:
        act.wrong("answer", "has to be one of these")
    start = act.chosen("start", "have to be chosen from") if answer == "accept" else None
    return await act.give(
        "answer-reschedule",
        done=_ANSWERS.get(answer, ""),
        accept=answer == "accept",
        start=start,
        cancel=True if answer == "cancel" else None,
    )


@router.post("/reschedule-approved")
async def approve_reschedule(act: TheAct) -> Response:
    """Support enters the new date, and says whose idea it was where no proposal is on record."""
    start = act.form.instant("start", act.viewer.zone)
    if start is None and not act.form.errors:
        act.wrong("start", "has to be given")
    if act.form.checked("accepted") and not act.form.errors:
        missed = await _entered_meanwhile(act, start)
        if missed is not None:
            return await act.after(missed, "The new date is entered.")
    return await act.give(
        "reschedule-approved",
        done="The new date is entered.",
        start=start,
        initiated_by=act.form.text("initiated_by") or None,
        initiated_at=act.form.instant("initiated_at", act.viewer.zone),
    )


@router.post("/logistics")
async def set_logistics(act: TheAct, viewer: SignedIn) -> Response:
    """The provider says where the session takes place, and what to read before it."""
    body = {
        "conference_url": web_address(act.form, "conference_url") or None,
        "materials": any_text(act.form, "materials") or None,
        "note": any_text(act.form, "note") or None,
    }

    async def replace(conn: AsyncConnection, unused_id: str) -> Answered:
        if viewer.role is Role.CLIENT:
            raise refused_with(Code.NOT_ALLOWED, _NOT_THE_CLIENTS)
        effect = replacing_logistics(act.booking_id, body, viewer.party)
        return await effect(conn, unused_id)

    outcome = await write_once(viewer, act.parts, act.form, replace)
    return await act.after(outcome, "Saved. The client sees it on this page.")


async def _entered_meanwhile(act: BookingAct, start: str | None) -> Outcome | None:
    """What to answer a form for an accepted date that no longer waits; None if the rules decide.

    A colleague may have entered it, and once more would be one more change of the date.
    """
    async with act.parts.engine.connect() as conn:
        row = await get_booking(conn, act.booking_id)
    if row is None or row.booking.closed:
        return None
    booking = row.booking
    if booking.reschedule and booking.reschedule.accepted_start:
        return None
    if booking.scheduled_start and rfc3339(booking.scheduled_start) == start:
        return Outcome(status=200)
    told = "This date no longer waits to be entered."
    return Outcome(status=409, code=Code.NOTHING_PROPOSED.value, text=told)
