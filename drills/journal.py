"""What the load has said to the marketplace, and what it was answered."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(kw_only=True)
class Said:
    """One command, however often it had to be sent until it was answered.

    `status` is the HTTP status of the answer; of a signal that Temporal has taken, 202. It is None
    while nobody has answered: such a command may have been carried out, or not.
    """

    booking_id: str
    provider_id: str
    command: str
    command_id: str
    via: str
    body: dict[str, Any]
    status: int | None = None
    code: str | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether the caller was told that it is, or will be, carried out."""
        return self.status in (200, 201, 202)


@dataclass
class Journal:
    """All that was said."""

    said: list[Said] = field(default_factory=list)

    def add(self, said: Said) -> Said:
        """Notes a command before it is sent."""
        self.said.append(said)
        return said

    @property
    def bookings(self) -> set[str]:
        """Every booking that was asked for and may exist."""
        return {each.booking_id for each in self.said if each.booking_id}

    @property
    def providers(self) -> set[str]:
        """Everybody whose standing may have changed."""
        return {each.provider_id for each in self.said}

    def write(self, path: Path) -> None:
        """Keeps it, a line a command."""
        lines = (json.dumps(asdict(each)) for each in self.said)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
