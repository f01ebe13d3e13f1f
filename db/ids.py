"""New ids."""

from __future__ import annotations

from uuid_utils.compat import uuid7


def new_id() -> str:
    """A new UUIDv7 as text: ids made later sort later, so lists page by id alone."""
    return str(uuid7())
