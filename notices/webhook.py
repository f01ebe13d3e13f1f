"""The message of a webhook, by Standard Webhooks 1.0: what is sent, and how it is signed.

https://github.com/standard-webhooks/standard-webhooks
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

MOST_BYTES = 256 * 1024
"""A larger message is not sent: many receivers would not take it."""

SECRET_PREFIX = "whsec_"  # noqa: S105  # what secrets begin with, so that leaked ones are found
SECRET_BYTES = 32


def message(event: dict[str, Any]) -> bytes:
    """What is sent of an event, `{"type", "timestamp", "data"}`; the same bytes at each attempt.

    `event` is as the feed shows it.
    """
    told = {"type": event["type"], "timestamp": event["occurred_at"], "data": event}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def signed(body: bytes, *, message_id: str, at: datetime, secrets: Iterable[str]) -> dict[str, str]:
    """The headers by which a receiver knows who sent it, that it is new, and that it is whole.

    `message_id` stays the same however often it is sent; `at` is when this attempt is made. There
    is a signature by each of the secrets: a receiver needs to know one of them.
    """
    # The library takes the digits of an instant for UTC, whatever zone it names.
    instant = at.astimezone(UTC)
    text = body.decode()
    signatures = (Webhook(secret).sign(message_id, instant, text) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(instant.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
