"""Something that happened, as other services are told of it: by the feed, and by webhook."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.instants import rfc3339


def event_json(
    *,
    place: int | None,
    type: str,  # noqa: A002  # the one word for it everywhere
    occurred_at: datetime,
    booking_id: str | None,
    provider_id: str | None,
    data: dict[str, Any],
) -> dict[str, Any]:
    """An event as JSON. `id` and `seq` say its place in the feed, to whom may read the feed."""
    numbered = {} if place is None else {"id": str(place), "seq": place}
    return {
        **numbered,
        "type": type,
        "occurred_at": rfc3339(occurred_at),
        "booking_id": booking_id,
        "provider_id": provider_id,
        "data": data,
    }
