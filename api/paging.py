"""Lists in pages: how many at once, and where to go on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

from api.problems import malformed_field
from domain.record import Entry, entry_json

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=200, description="How many to answer at most.")]
After = Annotated[
    str | None,
    Query(max_length=200, description="`next` of the page before; left out: from the start."),
]
AfterSeq = Annotated[
    str | None,
    Query(
        max_length=200,
        description="`next` of the page before, or the `seq` of the last item that is known;"
        " left out: from the start.",
    ),
]

DEFAULT_LIMIT = 50
TIMELINE_LIMIT = 200
"""A timeline is read as a whole where it can be."""

LAST_LINE = 2**31 - 1
"""No line of somebody's or something's own list has a higher number."""
LAST_PLACE = 2**63 - 1
"""No place in the feed of everything has a higher number."""


def cursor(place: str) -> str:
    """Where to go on, in a form that invites nobody to make one up."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def place(after: str | None) -> str | None:
    """What a cursor stands for. Raises the problem 422 for one that is not ours."""
    if after is None:
        return None
    try:
        padded = after + "=" * (-len(after) % 4)
        found = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise _not_ours() from error
    if not found.isprintable() or not found:
        raise _not_ours()
    return found


def number_at(after: str | None, *, last: int = LAST_LINE) -> int | None:
    """What the cursor of a list stands for whose numbers end with `last`.

    A number of the list means itself, for who knows it from elsewhere, as from a webhook. No cursor
    is taken for one: a digit becomes a letter at the start of base64.
    """
    found = numbers_at(after, last=last)
    if len(found) > 1:
        raise _not_ours()
    return found[0] if found else None


def numbers_at(after: str | None, *, last: int) -> tuple[int, ...]:
    """The same of a cursor that stands for several numbers, with a point between them."""
    found = after if after is not None and after.isdecimal() else place(after)
    if found is None:
        return ()
    numbers = found.split(".")
    if not all(each.isdecimal() and int(each) <= last for each in numbers):
        raise _not_ours()
    return tuple(map(int, numbers))


def page(
    found: Sequence[T], limit: int, *, shown: Callable[[T], Any], place_of: Callable[[T], str]
) -> dict[str, Any]:
    """A page of a list, of which one more than `limit` was looked for."""
    items = found[:limit]
    more = len(found) > limit
    return {
        "items": [shown(item) for item in items],
        "next": cursor(place_of(items[-1])) if more else None,
    }


def timeline(found: Sequence[Entry], limit: int, *, refused: int) -> dict[str, Any]:
    """A page of a timeline, with the count of all commands that were ever refused."""
    shown = page(found, limit, shown=entry_json, place_of=lambda entry: str(entry.seq))
    return {**shown, "refused": refused}


def _not_ours() -> Exception:
    return malformed_field("after", "is not a cursor that came as `next`")
