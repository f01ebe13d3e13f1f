"""Which errors of the database are no bugs of ours: it is away, or is not as it has to be."""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_READ_ONLY = "25006"
_TOOK_TOO_LONG = frozenset({"25P03", "25P04"})
"""Limits that an operator has set to transactions; what runs into one is tried again."""

_NOT_THERE = frozenset({"3F000", "42703", "42704", "42883", "42P01"})
"""A schema, a column, a type, a function, a table."""

_NOT_ALLOWED = "42501"

KINDS = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)
"""What an outage can be raised as. Of `InternalError`, `is_outage` tells."""


def is_outage(error: Exception) -> bool:
    """Whether the same may go well when it is tried again, with nothing of ours changed.

    A database that takes no changes is as good as away to whoever has one: it is a standby that
    has not been promoted yet, or its disk is about to be full.
    """
    if isinstance(error, InternalError):
        return _state(error) in {_READ_ONLY, *_TOOK_TOO_LONG}
    return isinstance(error, KINDS)


def told(error: DBAPIError) -> str | None:
    """One line for an operator, who can mend it; None where it is a bug of ours."""
    said = _first_line(error.orig)
    state = _state(error)
    if state == _READ_ONLY:
        return f"the database takes no changes: {said}"
    if state == _NOT_ALLOWED:
        return f"the database does not allow it: {said}"
    if state in _NOT_THERE:
        return f"the database lacks what this release needs; is it migrated? {said}"
    return f"the database does not answer: {said}" if is_outage(error) else None


def in_brief(error: Exception) -> str:
    """What a log may say of an error: of an outage, why; of any other, its type alone.

    The first line of an outage names servers, limits and files, and never what people wrote.
    """
    kind = type(error).__name__
    if is_outage(error) or isinstance(error, psycopg.OperationalError):
        return f"{kind}: {_first_line(getattr(error, 'orig', error))}"
    return kind


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
