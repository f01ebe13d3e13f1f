"""The one way for pages to change something: the API's own, on behalf of whoever is signed in.

Every form carries an id, by which it is carried out once however often it is sent. What the rules
refuse is an outcome, never an error: the page is shown as things are now, and says why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from api import bookings, standings
from api.body import Json, parse
from api.commands import Given, carried_out_once, completed
from api.gateway import BOOKING_MESSAGES, STANDING_MESSAGES, Message
from api.idempotency import Answered, Effect, Write, refusal_as_answer, written_once
from api.models.booking import BookingRequest
from api.portal.complaints import for_people
from api.portal.forms import Form
from api.portal.session import Viewer
from api.problems import ProblemError
from api.services import Services, clock
from domain.party import Role
from domain.refusal import Code, FieldError

TAKEN = "Taken. It will be carried out as soon as possible, and shows here then."

_OK, _ACCEPTED, _FORBIDDEN, _CONFLICT, _MALFORMED = 200, 202, 403, 409, 422
_YOURS_IS_TAKEN = "You have another session at this time."
_UNREADABLE = "Some of this cannot be read as it was meant."


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a form.

    `status` is what the API answers: 200 and 201 done, 202 taken, 403 and 409 refused with `code`,
    422 not understood, with `errors` by field. `text` is the refusal's sentence. `body` is what the
    API answers: the booking or standing as it is now, or the problem.
    """

    status: int
    code: str = ""
    text: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    free_starts: tuple[str, ...] = ()
    body: Json = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether it was done, or taken and will be."""
        return self.status < 300  # noqa: PLR2004

    @property
    def taken(self) -> bool:
        """Whether it is yet to be carried out."""
        return self.status == _ACCEPTED

    @property
    def stale(self) -> bool:
        """Whether the rules refused it: things are not as the form's page showed them."""
        return self.status in {_FORBIDDEN, _CONFLICT}


async def tell_booking(
    viewer: Viewer,
    parts: Services,
    form: Form,
    booking_id: str,
    command: str,
    **fields: Any,
) -> Outcome:
    """Gives a command to a booking that is the viewer's to see; fields that are None stay out."""

    async def tell(given: Given) -> Answered:
        return await bookings.tell(parts, booking_id, given, viewer.party)

    what = (BOOKING_MESSAGES, command, fields)
    outcome = await _told(viewer, parts, form, booking_id, what, tell)
    if outcome.code == Code.SLOT_TAKEN and viewer.role is Role.PROVIDER:
        return replace(outcome, text=_YOURS_IS_TAKEN)
    return outcome


async def tell_standing(
    viewer: Viewer,
    parts: Services,
    form: Form,
    provider_id: str,
    command: str,
    **fields: Any,
) -> Outcome:
    """Gives a command to the standing of a provider that concerns the viewer."""

    async def tell(given: Given) -> Answered:
        return await standings.tell(parts, provider_id, given)

    return await _told(viewer, parts, form, provider_id, (STANDING_MESSAGES, command, fields), tell)


async def ask_for_session(
    viewer: Viewer, parts: Services, form: Form, *, client_id: str, **fields: Any
) -> Outcome:
    """Asks for a session for a client: `topic_id`, `preferred_starts`, `note`.

    The id of the booking is `outcome.body["id"]`.
    """
    body = _said(fields)

    async def create() -> Answered:
        wanted = parse(BookingRequest, body, now=clock())
        write = _write(viewer, form, "bookings", body)
        return await bookings.create(parts, write, wanted, client_id=client_id, caller=viewer.party)

    return await _outcome(form, create)


async def write_once(
    viewer: Viewer,
    parts: Services,
    form: Form,
    effect: Effect,
) -> Outcome:
    """Carries out what concerns the database alone, as `api.idempotency.written_once` does."""

    async def write() -> Answered:
        said = _write(viewer, form, form.path, {name: form.all(name) for name in form})
        return await written_once(parts.engine, said, effect)

    return await _outcome(form, write)


async def _told(
    viewer: Viewer,
    parts: Services,
    form: Form,
    subject_id: str,
    what: tuple[Mapping[str, type[Message]], str, dict[str, Any]],
    tell: Callable[[Given], Awaitable[Answered]],
) -> Outcome:
    models, name, fields = what
    body = _said(fields)

    async def give() -> Answered:
        write = _write(viewer, form, f"{subject_id}/{name}", body)
        given = completed(write, body, viewer.party, models, name)
        return await carried_out_once(parts, given, subject_id, lambda: tell(given))

    return await _outcome(form, give)


def _said(fields: Mapping[str, Any]) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _write(viewer: Viewer, form: Form, about: str, body: Json) -> Write:
    """The same form with the same content is the same write; corrected, it is another one."""
    content = json.dumps([about, body], sort_keys=True)
    fingerprint = hashlib.sha256(content.encode()).hexdigest()
    key = f"{form.command_id}.{fingerprint[:16]}"
    return Write(owner=viewer.party, key=key, fingerprint=fingerprint)


async def _outcome(form: Form, work: Callable[[], Awaitable[Answered]]) -> Outcome:
    if form.errors:
        return _not_understood(form.errors)
    try:
        answered = await refusal_as_answer(work())
    except ProblemError as problem:
        if problem.status != _MALFORMED:
            raise
        answered = Answered(status=problem.status, body=problem.document)
    return _of(answered)


def _of(answered: Answered) -> Outcome:
    body = answered.body
    if answered.status < 300:  # noqa: PLR2004
        return Outcome(status=answered.status, body=body)
    errors = {error["field"]: for_people(error["message"]) for error in body.get("errors", ())}
    return Outcome(
        status=answered.status,
        code=body["code"],
        text=_UNREADABLE if errors else body["detail"],
        errors=errors,
        free_starts=tuple(body.get("free_starts", ())),
        body=body,
    )


def _not_understood(errors: list[FieldError]) -> Outcome:
    return Outcome(
        status=_MALFORMED,
        code="malformed",
        text=_UNREADABLE,
        errors={error.field: error.message for error in errors},
    )
