"""How many there are, as far as it was counted."""

from __future__ import annotations

from db.queries.counting import COUNTED_UP_TO


def counted(number: int) -> str:
    """A number as people read it: what was not counted to its end says so."""
    return f"{COUNTED_UP_TO - 1}+" if number >= COUNTED_UP_TO else str(number)
