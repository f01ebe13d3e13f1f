"""How the demo prints what happens."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime

from dev.demo_stage import Person

_WIDTH = 110


def scene(title: str) -> None:
    """A heading."""
    print(f"\n{title}", flush=True)


def say(person: Person, what: str) -> None:
    """What somebody does that is no decision of the engine."""
    line(f"{'':16}  {person.role:<8}  ", what)


def note(text: str) -> None:
    """A line by itself."""
    line("", text)


def line(label: str, text: str) -> None:
    """A text beside its label, wrapped."""
    indent = f"  {label}"
    lines = textwrap.wrap(
        text, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False
    )
    print(indent + f"\n{' ' * len(indent)}".join(lines), flush=True)


def minute(instant: str) -> str:
    """An RFC 3339 instant to the minute, in UTC."""
    return datetime.fromisoformat(instant).astimezone(UTC).strftime("%Y-%m-%d %H:%M")
