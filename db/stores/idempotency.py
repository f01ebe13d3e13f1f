"""Answers that are given again when a request is sent again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import idempotency_keys
from domain.party import Party

# Built once: to build a statement takes longer than to run it.
_CLAIMED = (
    insert(idempotency_keys)
    .on_conflict_do_nothing(index_elements=["owner_role", "owner_id", "key"])
    .returning(idempotency_keys.c.key)
)
_IT = (
    idempotency_keys.c.owner_role == bindparam("their_role"),
    idempotency_keys.c.owner_id == bindparam("their_id"),
    idempotency_keys.c.key == bindparam("their_key"),
)
_FIRST = select(idempotency_keys).where(*_IT)
_FINISHED = update(idempotency_keys).where(*_IT, idempotency_keys.c.status.is_(None))


class Claim(StrEnum):
    """What is known of a key."""

    NEW = "new"
    SAME = "same"
    """The same request came before. It was answered if there is a `status`, else is under way."""
    REUSED = "reused"
    """Another request came with this key before."""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """What came of claiming a key. `subject_id` is the one that its first request put by."""

    claim: Claim
    subject_id: str
    status: int | None = None
    body: Any = None


async def claim(
    conn: AsyncConnection, *, owner: Party, key: str, fingerprint: str, subject_id: str
) -> Claimed:
    """Claims a key for one request of its owner.

    `fingerprint` tells one request from another; `subject_id` is put by for a new one, such as the
    id of the booking to create. Commit before acting on it: what was claimed must outlive a crash.
    """
    made = await conn.execute(
        _CLAIMED,
        {
            "owner_role": owner.role.value,
            "owner_id": owner.id,
            "key": key,
            "fingerprint": fingerprint,
            "subject_id": subject_id,
        },
    )
    if made.one_or_none() is not None:
        return Claimed(claim=Claim.NEW, subject_id=subject_id)
    first = (await conn.execute(_FIRST, _named(owner, key))).one()
    if first.fingerprint != fingerprint:
        return Claimed(claim=Claim.REUSED, subject_id=first.subject_id)
    return Claimed(
        claim=Claim.SAME, subject_id=first.subject_id, status=first.status, body=first.body
    )


async def finish(conn: AsyncConnection, *, owner: Party, key: str, status: int, body: Any) -> None:
    """Keeps the answer to a request, unless one is kept already: it is given again from now on."""
    await conn.execute(_FINISHED, {**_named(owner, key), "status": status, "body": body})


def _named(owner: Party, key: str) -> dict[str, str]:
    return {"their_role": owner.role.value, "their_id": owner.id, "their_key": key}
