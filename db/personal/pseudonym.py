"""The name under which an erased person stays on record."""

from __future__ import annotations

import secrets

_PREFIX = "erased-"
_BYTES = 8


def new_pseudonym() -> str:
    """A name for one erasure. It is made by chance, so that nothing leads back from it."""
    return f"{_PREFIX}{secrets.token_hex(_BYTES)}"


def is_pseudonym(person_id: str) -> bool:
    """Whether an id is that of somebody who was erased."""
    digits = person_id.removeprefix(_PREFIX)
    return person_id != digits and len(digits) == 2 * _BYTES
