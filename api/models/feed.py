"""The ordered feed of everything that happened."""

from __future__ import annotations

from typing import Any

from api.models.base import Answer, Instant


class FeedEvent(Answer):
    """Something that happened. Its place in the feed, `seq`, never changes."""

    id: str
    seq: int
    type: str
    occurred_at: Instant
    booking_id: str | None
    provider_id: str | None
    data: dict[str, Any]


class Feed(Answer):
    """Some of the feed, oldest first."""

    items: list[FeedEvent]
    next: str
    """Asks for what follows, as `after`: at the end too, for what is yet to happen."""
