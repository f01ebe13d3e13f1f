"""New ids."""

from __future__ import annotations

from datetime import datetime

import uuid_utils
from uuid_utils.compat import uuid7


def new_id() -> str:
    """A new UUIDv7 as text: ids made later sort later, so lists page by id alone."""
    return str(uuid7())


def new_id_as_of(instant: datetime) -> str:
    """A new id that sorts among those that were made at an instant."""
    return str(uuid_utils.uuid7(nanoseconds=int(instant.timestamp() * 1_000_000) * 1000))
