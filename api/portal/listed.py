"""A page of a list, as its template shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Query

from api import paging

T = TypeVar("T")

After = Annotated[str | None, Query(max_length=200)]
"""Where a page begins: `next` of the one before; empty, or left out, at the top of the list."""


Search = Annotated[str, Query(max_length=200)]
"""What is searched for in a list; empty for all of it."""


def looked_for(q: str) -> str:
    """What a search looks for, without space around it."""
    # PostgreSQL takes every character but this one.
    return q.replace("\0", "").strip()


@dataclass(frozen=True, kw_only=True)
class Listed(Generic[T]):
    """Some of a list: its rows, where they begin, and where it goes on, if it does."""

    rows: Sequence[T]
    after: str | None
    next: str | None


def listed(
    found: Sequence[T], per_page: int, *, after: str | None, place_of: Callable[[T], str]
) -> Listed[T]:
    """What is shown of a list, of which one more than `per_page` was looked for."""
    page = paging.page(found, per_page, shown=lambda row: row, place_of=place_of)
    return Listed(rows=page["items"], after=after, next=page["next"])
