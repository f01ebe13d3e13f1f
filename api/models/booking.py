"""A booking, its logistics, its timeline, and what an act of the provider would count as."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from api.addresses import leads_somewhere
from api.gateway import HttpUrl, Identifier, Starts, Text
from api.models.base import Answer, Instant, Page, PartyModel, Wanted
from domain.booking.state import (
    CancellationStatus,
    Fault,
    Initiator,
    RescheduleStatus,
    State,
)
from domain.lateness import LateKind
from domain.notices.ledger import Channel, NoticeState
from domain.party import Role


class BookingRequest(Wanted):
    """What a client asks for: a session on one topic, at one of up to five times."""

    topic_id: Identifier
    preferred_starts: Starts
    """1 to 5 different instants in the future, each with an offset."""
    note: Text = ""
    """What the client wants to say to the provider."""
    client_id: Identifier | None = None
    """Whom it is for, where support or a service asks. A client asks for themselves."""


def _openable(given: str) -> str:
    if not leads_somewhere(given):
        raise ValueError("must be an address that a browser can open")
    return given


class Logistics(Wanted):
    """Where the session takes place, and what to read before it."""

    conference_url: Annotated[HttpUrl, AfterValidator(_openable)] | None = None
    materials: Text | None = None
    """What both will need: links, or words."""
    note: Text | None = None


class LogisticsModel(Answer):
    """Where the session takes place, and what to read before it."""

    conference_url: str | None
    materials: str | None
    note: str | None


class RescheduleModel(Answer):
    """New times that the provider has proposed."""

    status: RescheduleStatus
    initiated_by: Initiator
    initiated_at: Instant
    starts: list[Instant]
    accepted_start: Instant | None
    reason: str
    lapses_at: Instant
    late: bool
    """Whether the proposal came within the late window."""


class CancellationModel(Answer):
    """A cancellation that the provider has asked for, or that is done."""

    status: CancellationStatus
    initiated_by: Initiator
    initiated_at: Instant
    executed_by: Role | None
    fault: Fault | None
    claimed: bool
    """Whether it is the client's word alone that the provider initiated it."""
    reason: str
    late: bool


class BookingModel(Answer):
    """One booking as it is now."""

    id: str
    topic_id: str
    title: str
    provider_id: str
    client_id: str
    state: State
    revision: int
    """Goes up with everything that changes the booking."""
    preferred_starts: list[Instant]
    scheduled_start: Instant | None
    scheduled_end: Instant | None
    duration_minutes: int
    note: str
    expires_at: Instant
    """When the request expires, if the provider does not answer it."""
    reschedule: RescheduleModel | None
    cancellation: CancellationModel | None
    allowed_actions: list[str]
    """The commands that the caller could give now."""
    policy: str
    """The edition of the rules that it was made under."""
    created_at: Instant
    updated_at: Instant
    logistics: LogisticsModel


class BookingPage(Page[BookingModel]):
    """Some of the caller's bookings, newest first."""


class TimelineEntry(Answer):
    """One decision: who gave the command, when, by which rule, and what came of it."""

    seq: int
    given_at: Instant
    """When the command was given: what it is judged by."""
    handled_at: Instant
    """When it was decided; later than `given_at` after an outage."""
    by: PartyModel
    command: str
    outcome: Literal["applied", "refused"]
    code: str | None
    """Why it was refused."""
    rule: str
    text: str
    data: dict[str, Any]
    """The policy, the inputs, the events and, for lateness, the receipt."""


class Timeline(Page[TimelineEntry]):
    """Every decision, oldest first; of the refused commands only the newest 50 are kept."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    refused: int
    """How many commands were ever refused and put on record."""


class NoticeModel(Answer):
    """One notice in the ledger: who was told of what, by which channel, and how that ended."""

    id: str
    to: PartyModel
    kind: str
    """The type of the event that it tells of, or the kind of a reminder."""
    channel: Channel
    state: NoticeState
    reason: str | None
    """Why it was superseded, skipped or failed."""
    attempts: int
    """How often it was tried; the inbox needs no attempt."""
    due_at: Instant
    ended_at: Instant | None
    """When it was sent, or ended otherwise; null while it is owed."""


class BookingTimeline(Timeline):
    """Every decision on a booking, and who was told of it."""

    notices: list[NoticeModel]
    """Those to the caller; support and services see all. Oldest first, the newest 200."""


class Preview(Answer):
    """What an ask or a proposal would count as if it were made now."""

    late: bool
    margin_seconds: int
    """How long before the session, in seconds; negative once it has begun."""
    kind: LateKind
    would_be: int
    """How many late events of this kind there would be."""
    leads_to: Literal["nothing", "warning", "case"]
    text: str = Field(examples=["This is 3 days before the session: …"])
