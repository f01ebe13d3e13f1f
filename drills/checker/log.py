"""What a mail server and an endpoint have on record: whatever came to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Something that was taken in, whether or not the sender was told so.

    `id` is the notice's. `event` is that of a webhook, out of what it says.
    """

    id: str
    to: str
    at: datetime
    event: str = ""


@dataclass
class Log:
    """All that came."""

    mails: list[Taken] = field(default_factory=list)
    webhooks: list[Taken] = field(default_factory=list)
    tried: int = 0
    unsigned: list[str] = field(default_factory=list)
    """What came to the endpoint without a signature that holds."""
