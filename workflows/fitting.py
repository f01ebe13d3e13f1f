"""How much of a list fits into one value, as large as Temporal takes it.

It takes 2 MB for one value, and 4 MB for all that a workflow answers and asks for in one task: ten
updates may wait together, and a history may end with them. A workflow that goes beyond is not told
so, but stuck or terminated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic_core import to_json

T = TypeVar("T")


def newest_that_fit(items: Sequence[T], most_bytes: int) -> tuple[T, ...]:
    """The newest items, which come last, that are no longer together; the very newest anyway."""
    left = most_bytes
    for place in range(len(items) - 1, -1, -1):
        left -= len(to_json(items[place]))
        if left < 0:
            return tuple(items[min(place + 1, len(items) - 1) :])
    return tuple(items)
