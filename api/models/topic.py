"""A topic that a provider offers sessions on."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from api.gateway import Identifier, Text
from api.models.base import Answer, Page, Wanted, Words
from db.queries.topics import TopicStatus

Title = Annotated[Words, StringConstraints(max_length=200)]
Minutes = Annotated[int, Field(ge=1, le=24 * 60)]


class Listing(StrEnum):
    """What a provider may make of a topic."""

    LISTED = "listed"
    PAUSED = "paused"


class NewTopic(Wanted):
    """What a provider offers."""

    title: Title
    description: Text = ""
    duration_minutes: Minutes
    provider_id: Identifier | None = None
    """Whose it is, where support or a service adds it. A provider adds their own."""


class TopicChange(Wanted):
    """What is to be changed about a topic; what is left out stays as it is."""

    title: Title | None = None
    description: Text | None = None
    duration_minutes: Minutes | None = None
    status: Listing | None = None
    """`paused` takes it off the list, `listed` puts it back."""


class TopicModel(Answer):
    """One topic."""

    id: str
    provider_id: str
    title: str
    description: str
    duration_minutes: int
    status: TopicStatus
    """`suspended` while its provider's topics are, whatever the provider has set."""


class TopicPage(Page[TopicModel]):
    """Some of the topics, newest first."""
