"""Endpoints of webhooks, and the log of what each was sent."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from api.gateway import Text
from api.models.base import Answer, Instant, Page, PartyModel, Wanted
from db.queries.feed import PUBLIC
from domain.notices.endpoint import MAX_URL
from domain.notices.ledger import NoticeState


def _known(name: str) -> str:
    if name not in PUBLIC:
        raise ValueError("is no type of event")
    return name


_NAMES: dict[str, Any] = {"enum": list(PUBLIC)}
EventType = Annotated[str, AfterValidator(_known), Field(json_schema_extra=_NAMES)]
Types = Annotated[list[EventType], Field(max_length=len(PUBLIC))]
Url = Annotated[
    str, Field(min_length=1, max_length=MAX_URL, examples=["https://hooks.example.org/keepdate"])
]
Description = Annotated[Text, Field(max_length=200)]


class NewWebhook(Wanted):
    """An address at which the caller wants to be told of events."""

    url: Url
    types: Types = Field(default=[])
    """Which types of events; empty for all that the caller may see."""
    description: Description = ""


class WebhookChange(Wanted):
    """What is to be changed about an endpoint; what is left out stays as it is."""

    url: Url | None = None
    types: Types | None = None
    description: Description | None = None
    enabled: bool | None = None
    """`true` has it told again, of what happens from now on; `false` has it told of nothing."""


class WebhookModel(Answer):
    """An endpoint. Its secret is told only when it is made."""

    id: str
    owner: PartyModel
    url: str
    types: list[str]
    """The types of events that it is told of; empty for all that its owner may see."""
    description: str
    enabled: bool
    failing_since: Instant | None
    """The first failure since the last success. After five days of that it is disabled."""
    disabled_at: Instant | None
    disabled_reason: str | None
    created_at: Instant
    updated_at: Instant


class NewWebhookModel(WebhookModel):
    """A new endpoint, with the secret that its messages are signed with."""

    secret: str = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
    """It is told once. Keep it."""


class NewSecret(Answer):
    """The secret that messages are signed with from now on."""

    id: str
    secret: str
    """It is told once. Keep it."""
    old_secret_until: Instant
    """Until then messages are signed with the one before, too."""


class WebhookPage(Page[WebhookModel]):
    """Some of the endpoints, newest first."""


class Delivery(Answer):
    """An event that an endpoint is, was, or could not be told of."""

    id: str
    """The `webhook-id` of its messages, at each attempt."""
    type: str
    booking_id: str | None
    state: NoticeState
    attempts: int
    attempted_at: Instant | None
    answer: str | None
    """What came of the newest attempt."""
    reason: str | None
    """Why it was not sent, where it will not be."""
    created_at: Instant


class DeliveryPage(Page[Delivery]):
    """Some of what an endpoint was sent, newest first."""
