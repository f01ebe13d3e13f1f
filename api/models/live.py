"""What the live stream tells."""

from __future__ import annotations

from typing import Literal

from api.models.base import Answer


class LiveEvent(Answer):
    """That something happened; what it was is read from where it is kept.

    What is not known of it, or is of no meaning to it, is left out.
    """

    type: str
    """One of those of `/v1/events`, or `message.posted`, `message.read`, `logistics.changed`,
    `reminder.sent`. `position` and `reset` are about the stream itself, and hold nothing else."""
    subject: Literal["booking", "standing", "conversation"] | None = None
    booking_id: str | None = None
    conversation_id: str | None = None
    provider_id: str | None = None
    revision: int | None = None
    """The booking's or the standing's: at least the one that this led to."""
