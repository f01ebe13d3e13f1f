"""What the fields of a message can hold, and in which words they are refused that cannot be."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
)

from domain.party import ID_PATTERN
from domain.policy import HORIZON, MAX_STARTS, MAX_TEXT

_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def _read_instant(value: Any) -> Any:
    """An instant in UTC. Pydantic alone would take numbers too, for seconds since 1970."""
    if not isinstance(value, str):
        return value
    if not _RFC_3339.fullmatch(value):
        raise ValueError("must be an RFC 3339 time with an offset, like 2026-11-24T10:00:00+01:00")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the calendar") from None


def _within_the_horizon(value: datetime, info: ValidationInfo) -> datetime:
    now = (info.context or {}).get("now")
    if now is not None and value > now + HORIZON:
        raise ValueError("lies more than two years ahead")
    return value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return value


def _distinct(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(value)) != len(value):
        raise ValueError("must not name the same one twice")
    return value


AnyInstant = Annotated[AwareDatetime, BeforeValidator(_read_instant)]
Instant = Annotated[AnyInstant, AfterValidator(_within_the_horizon)]
Starts = Annotated[
    tuple[Instant, ...], Field(min_length=1, max_length=MAX_STARTS), AfterValidator(_distinct)
]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(_no_nul)]
Reason = Annotated[
    # In one constraint: in one of its own, the length would be that before the stripping.
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT),
    AfterValidator(_no_nul),
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_no_nul),
]
Identifier = Annotated[str, StringConstraints(pattern=f"^{ID_PATTERN}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,200}$")]
References = Annotated[
    tuple[Reference, ...], Field(min_length=1, max_length=100), AfterValidator(_distinct)
]
CommandId = Annotated[Text, StringConstraints(min_length=1, max_length=255)]
Span = Annotated[int, Field(ge=0, le=int(HORIZON.total_seconds()))]
HttpUrl = Annotated[
    # As a browser sends it, in ASCII: a longer one is no place where a document lies.
    str,
    StringConstraints(pattern=r"^https?://[!-\.0-~][!-~]*$", max_length=1000),
]
