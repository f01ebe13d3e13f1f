"""What client and provider say to each other."""

from __future__ import annotations

from typing import Any

from api.gateway import Identifier
from api.models.base import Answer, Instant, Page, PartyModel, Wanted, Words


class NewConversation(Wanted):
    """Whom to talk to. A client names the provider, a provider the client, support both."""

    provider_id: Identifier | None = None
    client_id: Identifier | None = None


class NewMessage(Wanted):
    """What to say."""

    text: Words


class MessageModel(Answer):
    """Something that was said; or, with a `card`, something that happened to a booking."""

    id: str
    author: PartyModel
    text: str
    at: Instant
    card: dict[str, Any] | None


class MessagePage(Page[MessageModel]):
    """Some of a conversation."""


class ConversationModel(Answer):
    """One conversation. There is one for each client and provider."""

    id: str
    provider_id: str
    client_id: str
    unread: int
    """How many messages of the others the caller has not read."""
    last_message: MessageModel | None


class ConversationPage(Page[ConversationModel]):
    """Some of the caller's conversations, the one with the newest message first."""
